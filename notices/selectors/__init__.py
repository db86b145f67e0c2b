from notices.selectors.items import Item, items_of
from notices.selectors.morning import Morning, read_morning
from notices.selectors.wishes import wishes_of, wishes_of_all

__all__ = ["Item", "Morning", "items_of", "read_morning", "wishes_of", "wishes_of_all"]

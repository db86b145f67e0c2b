from api.selectors.events import event_as_json, events_after
from api.selectors.keys import find_key, keys_of
from api.selectors.webhooks import endpoints_of

__all__ = ["endpoints_of", "event_as_json", "events_after", "find_key", "keys_of"]

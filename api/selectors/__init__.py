from api.selectors.keys import find_key, keys_of
from api.selectors.webhooks import endpoints_of

__all__ = ["endpoints_of", "find_key", "keys_of"]

from notices.models.channel import Channel
from notices.models.notice import Notice, NoticeCursor
from notices.models.wishes import Wishes

__all__ = ["Channel", "Notice", "NoticeCursor", "Wishes"]

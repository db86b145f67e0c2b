"""The field's own terms for what is planned and how it is judged."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class HypothesisKind(TextChoices):
    AUDIENCE = "audience", _("audience")
    CREATIVE_ANGLE = "creative_angle", _("creative angle")
    CALL_TO_ACTION = "call_to_action", _("call to action")
    OFFER = "offer", _("offer")
    LANDING_PAGE = "landing_page", _("landing page")
    CHANNEL = "channel", _("channel")
    MESSAGE = "message", _("message")
    PRICING = "pricing", _("pricing")
    OTHER = "other", _("other")


class BuyerStage(TextChoices):
    AWARENESS = "awareness", _("awareness")
    CONSIDERATION = "consideration", _("consideration")
    INTENT = "intent", _("intent")
    PURCHASE = "purchase", _("purchase")


class Driver(TextChoices):
    """The feeling that is meant to move the buyer."""

    PAIN = "pain", _("pain")
    FEAR_OF_LOSS = "fear_of_loss", _("fear of loss")
    GAIN = "gain", _("gain")
    STATUS = "status", _("status")
    CONVENIENCE = "convenience", _("convenience")
    TRUST = "trust", _("trust")
    EMOTION = "emotion", _("emotion")


class Comparator(TextChoices):
    BELOW = "below", _("below")
    ABOVE = "above", _("above")


class ThresholdUnit(TextChoices):
    """In what a share's threshold is given, where it could be either."""

    FRACTION = "fraction", _("a fraction of 1")
    PERCENT = "percent", _("percent")


class CriterionLevel(TextChoices):
    CAMPAIGN = "campaign", _("the campaign")
    ARM = "arm", _("each arm")


class GuardKey(TextChoices):
    """What must have happened before a criterion may speak."""

    SPEND = "spend", _("spend")
    IMPRESSIONS = "impressions", _("impressions")
    CLICKS = "clicks", _("clicks")
    CONVERSIONS = "conversions", _("conversions")
    DAYS = "days", _("days")


class EvidenceKind(TextChoices):
    """How sure a criterion must be."""

    PROBABLE = "probable", _("probable")
    ALWAYS_VALID = "always_valid", _("always valid")
    OBSERVED = "observed", _("observed")
    OBSERVED_MARGIN = "observed_margin", _("observed with a margin")


class CriterionAction(TextChoices):
    PAUSE = "pause", _("pause it")
    ASK = "ask", _("ask the owner")
    TELL = "tell", _("tell only")


class ZombieSignal(TextChoices):
    UNDEAD = "undead", _("undead")
    BREACHED = "breached", _("breached")
    OVERDUE = "overdue", _("overdue")
    UNPLANNED = "unplanned", _("unplanned")
    HOPELESS = "hopeless", _("hopeless")
    BARREN = "barren", _("barren")
    BLIND = "blind", _("blind")
    OVERSPENT = "overspent", _("overspent")


class VerdictCode(TextChoices):
    WIN = "win", _("win")
    LOSS = "loss", _("loss")
    EQUIVALENT = "equivalent", _("equivalent")
    INCONCLUSIVE = "inconclusive", _("inconclusive")
    INSUFFICIENT = "insufficient", _("insufficient")


class SpreadKind(TextChoices):
    """What differs."""

    DAYS = "days", _("spread from day to day")
    CONTRAST = "contrast", _("spread between two arms on the same day")

"""Reading refusals as a client does."""

from experiments.exceptions import DomainError


def codes(refusal: DomainError) -> dict[str | None, str]:
    """The code by field; each field is named once."""
    assert len({error.field for error in refusal.errors}) == len(refusal.errors), refusal.errors
    return {error.field: error.code for error in refusal.errors}

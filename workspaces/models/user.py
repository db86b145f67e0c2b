"""A person. The e-mail address is the login; there is no user name to forget."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person with a usable password, or without one where ``password`` is ``None``."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person who may be a member of several workspaces."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    # In which Quickno speaks to them; blank: on pages as their browser asks, else in English.
    language = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_is_unique_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    @property
    def is_in_its_holders_hands(self) -> bool:
        """Whether nobody but the holder of the address can know how to sign in.

        So it is where the address was confirmed by letter, and where no password was ever set for them.
        """
        return not self.has_usable_password() or self.has_confirmed_address

    @property
    def has_confirmed_address(self) -> bool:
        """Whether somebody has shown, by a letter or a provider's word, that the address is theirs."""
        return self.emailaddress_set.filter(email__iexact=self.email, verified=True).exists()

    @property
    def letters_in(self) -> str:
        """The language of letters to them, for which no browser asks."""
        return self.language or settings.LANGUAGE_CODE

    @property
    def initials(self) -> str:
        """Two letters for the round mark beside a name."""
        words = (self.get_full_name() or self.email.split("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in words[:2]).upper()

"""People, teams, and who may decide, read or administer. Rows, so that every change is an event."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from onboarding.models.identifiers import PUBLIC_ID_LENGTH, public_id


class User(AbstractUser):
    """A person who signs in. What they may do stands in Membership and RoleAssignment.

    Of the accounts with one e-mail address, in any spelling, one at most is active: separation of
    duties means people, not accounts.
    """

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(is_active=True) & ~Q(email=""),
                name="one_active_person_per_address",
                violation_error_message=_("Another active person has this e-mail address."),
            ),
        ]

    @property
    def label(self) -> str:
        """Return the name people know them by."""
        return self.get_full_name() or self.username


class Team(models.Model):
    """People plus one access group. The group is set by a platform admin, never by a requester."""

    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=public_id)
    slug = models.CharField(_("name"), max_length=40, unique=True)
    access_group = models.CharField(
        _("access group"),
        max_length=128,
        unique=True,
        help_text=_("The group whose members get the team's role. The cluster's prefix is added."),
    )
    people = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ["slug"]
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """A person in a team, as lead (may request) or member (may read)."""

    class Role(models.TextChoices):
        """What a person does in a team."""

        LEAD = "lead", _("Lead")
        MEMBER = "member", _("Member")

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team"),
        ]

    def __str__(self) -> str:
        return f"{self.user.label}, {self.role} of {self.team.slug}"


class RoleAssignment(models.Model):
    """A person's responsibility beyond teams: an approval lane, auditing, or the platform."""

    class Role(models.TextChoices):
        """The first three are approval lanes; their values equal those of domain.lanes.Lane."""

        PLATFORM = "platform", _("Platform approver")
        NETWORK = "network", _("Network approver")
        SECURITY = "security", _("Security approver")
        AUDITOR = "auditor", _("Auditor")
        PLATFORM_ADMIN = "platform-admin", _("Platform admin")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="one_assignment_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user.label}, {self.get_role_display()}"

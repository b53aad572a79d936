"""What the admin site accepts for teams and clusters. Wrong facts would make wrong plans."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from onboarding.domain.facts import ClusterFacts, IngressFacts
from onboarding.domain.names import check_dns_label
from onboarding.models import Cluster, IngressSource, Team
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.check_facts import check_facts, check_source
from onboarding.services.teams import group_violations

# Generic for the type checker only: Django's own class takes no parameter when it runs.
if TYPE_CHECKING:
    TeamRow = forms.ModelForm[Team]
    ClusterRow = forms.ModelForm[Cluster]
    IngressSourceRow = forms.ModelForm[IngressSource]
else:
    TeamRow = ClusterRow = IngressSourceRow = forms.ModelForm


class TeamForm(TeamRow):
    """A team's name and group. Both end up in objects on clusters."""

    class Meta:
        model = Team
        fields = ["slug", "access_group"]

    def clean_slug(self) -> str:
        """Refuse a name that cannot be a label value and a URL part."""
        return _demand(self.cleaned_data["slug"], check_dns_label)

    def clean_access_group(self) -> str:
        """Refuse groups of Kubernetes itself, and any that a cluster's prefix makes no group."""
        group = str(self.cleaned_data["access_group"])
        if found := group_violations(group):
            raise ValidationError([violation.words for violation in found])
        return group


class ClusterForm(ClusterRow):
    """The facts of a cluster as fields; facts it does not show are kept as they are."""

    dns_namespace = forms.CharField(label=_("DNS namespace"), max_length=63)
    dns_labels = forms.JSONField(
        label=_("Labels of the DNS pods"), help_text=_('For example {"k8s-app": "kube-dns"}.')
    )
    ranges = forms.CharField(
        label=_("Pod, service and node ranges"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One range a line. Internet egress leaves them out."),
    )
    group_prefix = forms.CharField(
        label=_("Group prefix"),
        required=False,
        max_length=60,
        help_text=_("What the API server puts before the groups of an identity provider."),
    )

    class Meta:
        model = Cluster
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start from the facts of the row."""
        super().__init__(*args, **kwargs)
        facts = self.instance.facts
        self.initial.update(
            {
                "dns_namespace": facts.get("dns_namespace", ""),
                "dns_labels": facts.get("dns_labels", {}),
                "ranges": "\n".join(facts.get("ranges", [])),
                "group_prefix": facts.get("group_prefix", ""),
            }
        )

    def clean_ranges(self) -> str:
        """Return one range a line."""
        return "\n".join(self.cleaned_data["ranges"].split())

    def clean(self) -> None:
        """Refuse facts that no plan could be rendered with."""
        super().clean()
        if self.errors:
            return
        asked = self.cleaned_data
        facts = ClusterFacts(
            name=self.instance.name,
            dns_namespace=asked["dns_namespace"],
            dns_labels=asked["dns_labels"],
            ranges=tuple(asked["ranges"].split()),
            group_prefix=asked["group_prefix"],
            ingress={},  # each source has a form of its own
        )
        # "team" stands for those to come: a prefix must not turn them into Kubernetes' own groups.
        groups = ["team", *Team.objects.values_list("access_group", flat=True)]
        for violation in check_facts(facts, load_catalogue(), groups=groups):
            self.add_error(violation.field, violation.words)

    def save(self, commit: bool = True) -> Cluster:  # noqa: FBT001, FBT002  # Django's signature
        """Put the fields back among the facts."""
        shown = {
            name: self.cleaned_data[name]
            for name in ("dns_namespace", "dns_labels", "group_prefix")
        }
        ranges = self.cleaned_data["ranges"].split()
        self.instance.facts = {**self.instance.facts, **shown, "ranges": ranges}
        return super().save(commit=commit)


class IngressSourceForm(IngressSourceRow):
    """A namespace and the pods in it that may be let in."""

    class Meta:
        model = IngressSource
        fields = ["slug", "namespace", "pod_labels"]

    def clean(self) -> None:
        """Refuse what no exposure could be rendered with, and a source without labels.

        Without any label every pod of that namespace would be let in.
        """
        super().clean()
        if self.errors:
            return
        asked = self.cleaned_data
        source = IngressFacts(asked["slug"], asked["namespace"], asked["pod_labels"])
        for violation in check_source(source):
            self.add_error(violation.field, violation.words)
        if not source.pod_labels:
            self.add_error("pod_labels", _("Name at least one label."))


def _demand(value: str, check: Any) -> str:
    if problems := check(value):
        raise ValidationError(problems)
    return value

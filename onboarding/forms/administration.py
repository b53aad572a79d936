"""What the admin site accepts for teams and clusters. Wrong facts would make wrong plans."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from onboarding.domain.names import check_dns_label, check_group
from onboarding.domain.parameters import Parameter, check_value
from onboarding.models import Cluster, IngressSource, Team

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
        """Refuse groups of Kubernetes itself."""
        return _demand(self.cleaned_data["access_group"], check_group)


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

    def clean_dns_namespace(self) -> str:
        """Refuse what no namespace can be called."""
        return _demand(self.cleaned_data["dns_namespace"], check_dns_label)

    def clean_dns_labels(self) -> object:
        """Refuse anything but labels."""
        return _demand_value(self.cleaned_data["dns_labels"], "labels")

    def clean_ranges(self) -> str:
        """Refuse what is no range of addresses, and any that covers every address."""
        ranges = self.cleaned_data["ranges"].split()
        _demand_value(ranges, "cidrs")
        return "\n".join(ranges)

    def clean_group_prefix(self) -> str:
        """Refuse a prefix that would turn a team's group into one of Kubernetes itself."""
        prefix: str = self.cleaned_data["group_prefix"]
        if problems := check_group(f"{prefix}team"):
            raise ValidationError(problems)
        return prefix

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

    def clean_slug(self) -> str:
        """Refuse what cannot be part of an object's name."""
        return _demand(self.cleaned_data["slug"], check_dns_label)

    def clean_namespace(self) -> str:
        """Refuse what no namespace can be called."""
        return _demand(self.cleaned_data["namespace"], check_dns_label)

    def clean_pod_labels(self) -> object:
        """Demand labels: without any, every pod of that namespace would be let in."""
        return _demand_value(self.cleaned_data["pod_labels"], "labels")


def _demand(value: str, check: Any) -> str:
    if problems := check(value):
        raise ValidationError(problems)
    return value


def _demand_value(value: Any, kind: str) -> Any:
    if problems := check_value(Parameter(kind), value):
        raise ValidationError(problems)
    return value

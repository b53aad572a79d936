"""The settings of a cluster as fields: labels as key=value, ranges and sources one by one."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.facts import IngressFacts
from onboarding.forms.versioned import VersionedForm
from onboarding.models import Cluster, IngressSource
from onboarding.services.cluster_settings import ClusterSettings, version_of_settings

SOURCE = "source_"


class LabelsField(forms.CharField):
    """Labels, written key=value with spaces or commas between them."""

    def __init__(self, **options: Any) -> None:
        """Draw it as one line of identifiers."""
        attrs = {"spellcheck": "false", "autocomplete": "off"}
        super().__init__(widget=forms.TextInput(attrs=attrs), max_length=1000, **options)

    def clean(self, value: Any) -> Any:
        """Return {key: value}. What they may be is a rule of the plan."""
        found: dict[str, str] = {}
        for part in re.split(r"[\s,]+", str(super().clean(value)).strip()):
            key, sign, text = part.partition("=")
            if part and not (key and sign):
                raise forms.ValidationError(
                    _("“%(part)s” is no label. Write key=value.") % {"part": part[:80]}
                )
            if part:
                found[key] = text
        return found


class ClusterSettingsForm(VersionedForm):
    """The four facts; of each source source_ID_namespace, _labels, _remove; a new source."""

    dns_namespace = forms.CharField(label=gettext_lazy("Namespace of the DNS"), max_length=63)
    dns_labels = LabelsField(
        label=gettext_lazy("Labels of the DNS pods"),
        help_text=gettext_lazy("For example k8s-app=kube-dns."),
    )
    ranges = forms.CharField(
        label=gettext_lazy("Internal address ranges"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Of pods, services and nodes, one a line. Internet access leaves them out."
        ),
    )
    group_prefix = forms.CharField(
        label=gettext_lazy("Group prefix"),
        required=False,
        max_length=60,
        help_text=gettext_lazy(
            "What the API server puts before the groups of your identity provider."
        ),
    )
    new_slug = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=40)
    new_namespace = forms.CharField(
        label=gettext_lazy("Its namespace"), required=False, max_length=63
    )
    new_labels = LabelsField(label=gettext_lazy("Labels of its pods"), required=False)
    anyway = forms.BooleanField(label=gettext_lazy("Save it all the same"), required=False)

    def __init__(self, data: Any = None, *, cluster: Cluster) -> None:
        """Start from the cluster as it is."""
        super().__init__(data, initial=_initial(cluster))
        self.rows = list(cluster.ingress_sources.all())
        for row in self.rows:
            self.fields |= _fields_of(row)
        self.of_removed = self._of_removed() if self.is_stale else []

    @property
    def known(self) -> set[str]:
        """Return the fields that a page of now has, or that an older one had."""
        gone = [name for name in self.data if self.is_stale and name.startswith(SOURCE)]
        return {*self.fields, *gone}

    @property
    def source_fields(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return each source there is with its questions."""
        parts = ("namespace", "labels", "remove")
        return [
            (row.slug, [self[f"{SOURCE}{row.pk}_{part}"] for part in parts]) for row in self.rows
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse half a new source, and one with a name that is there."""
        cleaned: dict[str, Any] = super().clean() or {}
        given = [cleaned.get(f"new_{part}") for part in ("slug", "namespace", "labels")]
        if any(given) and not all(given):
            self.add_error("new_slug", _("A new source needs a name, a namespace and labels."))
        if cleaned.get("new_slug") in {row.slug for row in self.rows}:
            self.add_error("new_slug", _("There is a source of this name already."))
        return cleaned

    def settings(self) -> ClusterSettings:
        """Return what was answered. The form is valid."""
        asked = self.cleaned_data
        return ClusterSettings(
            dns_namespace=asked["dns_namespace"],
            dns_labels=asked["dns_labels"],
            ranges=tuple(asked["ranges"].split()),
            group_prefix=asked["group_prefix"],
            sources=self._sources(asked),
        )

    def _of_removed(self) -> list[tuple[str, str]]:
        """Return (field, text) of sources that were there for the sender and are not any more."""
        asked = {"namespace": _("Its namespace"), "labels": _("Labels of its pods")}
        found = []
        for name in self.data:
            start, _line, part = name.rpartition("_")
            is_gone = name.startswith(SOURCE) and name not in self.fields and part in asked
            if is_gone and f"{start}_remove" not in self.data and self.data[name].strip():
                found.append((asked[part], self.data[name]))
        return found

    def _sources(self, asked: Mapping[str, Any]) -> dict[str, IngressFacts]:
        kept = [row for row in self.rows if not asked[f"{SOURCE}{row.pk}_remove"]]
        found = {
            row.slug: IngressFacts(
                row.slug, asked[f"{SOURCE}{row.pk}_namespace"], asked[f"{SOURCE}{row.pk}_labels"]
            )
            for row in kept
        }
        if asked["new_slug"]:
            new = asked["new_slug"]
            found[new] = IngressFacts(new, asked["new_namespace"], asked["new_labels"])
        return found


def _fields_of(row: IngressSource) -> dict[str, forms.Field]:
    start = f"{SOURCE}{row.pk}_"
    return {
        f"{start}namespace": forms.CharField(
            label=_("Its namespace"), max_length=63, initial=row.namespace
        ),
        f"{start}labels": LabelsField(
            label=_("Labels of its pods"), initial=_written(row.pod_labels)
        ),
        f"{start}remove": forms.BooleanField(
            label=_("Remove %(source)s") % {"source": row.slug}, required=False
        ),
    }


def _initial(cluster: Cluster) -> dict[str, Any]:
    facts = cluster.facts
    return {
        "dns_namespace": facts.get("dns_namespace", ""),
        "dns_labels": _written(facts.get("dns_labels", {})),
        "ranges": "\n".join(facts.get("ranges", [])),
        "group_prefix": facts.get("group_prefix", ""),
        "version": version_of_settings(cluster),
    }


def _written(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())

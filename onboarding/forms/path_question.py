"""The tester's form: "can A reach B on port P?", asked by GET, so that an answer has an address.

An end is typed as `namespace`, `namespace/app=web,tier=front` or an IP address. One of the two ends
is the namespace whose page it is.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from onboarding.forms.written_ends import (
    LONGEST_END,
    PLAIN,
    check_no_host,
    is_namespace_name,
    read_labels,
)
from onboarding.queries.paths import End, Question
from onboarding.reachability.model import LAST_PORT, Protocol, World

KNOWN_ENDS = "known-ends"


class PathQuestionForm(forms.Form):
    """Who, whom and on which port. `own` is the namespace shown, `world` what can be asked about.

    `ranges` are the cluster's pod and service ranges: an address there stands for a pod.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        own: str,
        world: World,
        ranges: tuple[str, ...],
    ) -> None:
        """Make the fields; `from` is a word of Python, so none can be declared by assignment."""
        super().__init__(data, auto_id="path-%s", initial={"from": own, "port": 443})
        self._own, self._world, self._ranges = own, world, ranges
        for name, label in (("from", _("From (A)")), ("to", _("To (B)"))):
            self.fields[name] = forms.CharField(
                label=label,
                max_length=LONGEST_END,
                widget=forms.TextInput(attrs={**PLAIN, "list": KNOWN_ENDS}),
            )
        self.fields["port"] = forms.IntegerField(
            label=_("Port"),
            min_value=1,
            max_value=LAST_PORT,
            widget=forms.TextInput(attrs={**PLAIN, "inputmode": "numeric"}),
            error_messages={
                "invalid": _("A port is a number from 1 to 65535."),
                "min_value": _("A port is a number from 1 to 65535."),
                "max_value": _("A port is a number from 1 to 65535."),
            },
        )
        self.fields["protocol"] = forms.ChoiceField(
            label=_("Protocol"), choices=[(one.value, one.value) for one in Protocol]
        )

    def clean(self) -> dict[str, Any]:
        """Read the two ends; say which of them cannot be asked about, and why."""
        cleaned: dict[str, Any] = super().clean() or {}
        ends: list[End] = []
        for name in ("from", "to"):
            if written := cleaned.get(name):
                try:
                    cleaned[name] = self._read(str(written))
                    ends.append(cleaned[name])
                except forms.ValidationError as wrong:
                    self.add_error(name, wrong)
        if len(ends) == 2 and self._own not in {end.namespace for end in ends}:
            words = _("One of the two ends has to be %(namespace)s, the namespace of this page.")
            self.add_error("to", words % {"namespace": self._own})
        return cleaned

    def question(self) -> Question:
        """Return what is asked. The form is valid."""
        given = self.cleaned_data
        return Question(given["from"], given["to"], Protocol(given["protocol"]), given["port"])

    def _read(self, written: str) -> End:
        try:
            return self._address(ipaddress.ip_address(written))
        except ValueError:
            pass
        check_no_host(written)
        namespace, slash, labels = (part.strip() for part in written.partition("/"))
        if not is_namespace_name(namespace):
            raise forms.ValidationError(
                _("Write a namespace, namespace/label=value, or one IP address.")
            )
        if namespace not in self._world.namespaces:
            words = _("No namespace %(name)s is known on this cluster.")
            raise forms.ValidationError(words % {"name": namespace})
        return End(namespace, read_labels(labels) if slash else ())

    def _address(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> End:
        if any(address in ipaddress.ip_network(cidr) for cidr in self._ranges):
            raise forms.ValidationError(
                _("This address is inside the cluster. Name the namespace and labels of the pods.")
            )
        return End(address=str(address))

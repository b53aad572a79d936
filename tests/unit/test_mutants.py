"""Each likely misreading of a rule, built into the engine, is noticed by that rule's case.

A mutant is data: the rule, the module, what its source says, and what the misreading would say.
One that no longer finds its place fails: move it with the code.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.estates import REAL
from tests.support.gate_cases import CASES as GATE_CASES
from tests.support.gate_runs import arguments, written
from tests.support.mutant_engine import NoSuchSeam, mutant, mutant_command
from tests.support.semantics_table import BY_RULE, CASES, answers


@dataclass(frozen=True)
class Mutant:
    rule: str
    misreading: str
    module: str
    old: str
    new: str

    def __str__(self) -> str:
        return self.misreading


def in_compiled(rule: str, misreading: str, old: str, new: str) -> Mutant:
    return Mutant(rule, misreading, "compiled", old, new)


def in_policies(rule: str, misreading: str, old: str, new: str) -> Mutant:
    return Mutant(rule, misreading, "policies", old, new)


def in_selectors(rule: str, misreading: str, old: str, new: str) -> Mutant:
    return Mutant(rule, misreading, "selectors", old, new)


OWN = "self._layout.namespaces.get(policy.ref.namespace, 0) & self.selectable"
ISOLATES = "isolated[direction] |= one.targets"
NO_PEERS = "return self._layout.everything\n"
MUTANTS = [
    in_compiled("isolation is per direction", "a policy isolates both directions",
        "for direction in one.policy.isolates:", "for direction in Direction:"),
    in_compiled("pods that no policy selects are open", "one policy closes the whole namespace",
        ISOLATES, "isolated[direction] |= self._layout.namespaces[one.policy.ref.namespace]"),
    in_compiled("a policy without Egress does not lift another one's egress isolation",
        "the last policy decides",
        "            for direction in one.policy.isolates:\n",
        "            for direction in set(Direction) - one.policy.isolates:\n"
        "                isolated[direction] &= ~one.targets\n"
        "            for direction in one.policy.isolates:\n"),
    in_compiled("each policy isolates the pods it selects, whatever others select",
        "only the last policy isolates", ISOLATES, "isolated[direction] = one.targets"),
    in_compiled("policies add up", "the last policy's rules replace the others'",
        "rectangles[key] = rectangles.get(key, 0) | receivers",
        "rectangles.clear()\n        rectangles[key] = receivers"),
    Mutant("policies add up", "every policy must allow", "model",
        "self.exempt or self.allowing or",
        "self.exempt or len({rule.policy for rule in self.allowing}) == len(self.isolating) or"),
    Mutant("both ends must allow", "one end's rule is enough", "estate",
        "sent & taken if pods", "sent | taken if pods"),
    Mutant("both ends must allow", "one end's rule is enough for a verdict", "estate",
        "egress.allows and ingress.allows", "egress.allows or ingress.allows"),
    Mutant("an egress rule opens nothing where ingress is closed, nor the other way round",
        "only the receiver's side counts", "estate",
        "sent & taken if pods", "taken if pods"),
    in_compiled("an empty podSelector selects all pods of the policy's namespace and no others",
        "a policy reaches beyond its namespace", OWN, "self.selectable"),
    in_compiled("a missing podSelector selects all pods of the policy's namespace",
        "a missing podSelector selects nothing",
        "self._layout.labelled.select(policy.pods) if own else 0",
        "(0 if policy.pods.is_empty else self._layout.labelled.select(policy.pods))"),
    in_policies("missing policyTypes mean Ingress, and Egress only with an egress rule",
        "missing policyTypes always mean both", "return both if egress else", "return both or"),
    in_policies("missing policyTypes mean Ingress, and Egress only with an egress rule",
        "missing policyTypes always mean Ingress", "return both if egress else", "return"),
    in_policies("missing policyTypes mean Ingress, and Egress only with an egress rule",
        "missing policyTypes mean the directions with rules",
        "return both if egress else frozenset({Direction.INGRESS})",
        "return frozenset({Direction.EGRESS if egress else Direction.INGRESS})"),
    in_policies("an empty list of egress rules is no egress rule",
        "writing `egress` at all isolates egress",
        "frozenset(listed) or _implied(egress)",
        "frozenset(listed) or _implied(egress or 'egress' in spec)"),
    in_compiled("an empty or missing list of rules isolates and allows nothing",
        "no rules allow everything", ISOLATES,
        "isolated[direction] |= one.targets if one.rules[direction] else 0"),
    in_compiled("a rule without peers matches everything, addresses outside too",
        "no peers match nobody", NO_PEERS, "return 0\n"),
    in_compiled("a rule without peers matches everything, addresses outside too",
        "no peers match the own namespace", NO_PEERS, "return own\n"),
    in_compiled("a rule without peers matches everything, addresses outside too",
        "no peers match pods only", NO_PEERS, "return self._layout.pods\n"),
    Mutant("a rule without ports matches every port of every protocol", "no ports match no port",
        "ports", "return EVERY_DESTINATION\n        known", "return 0\n        known"),
    in_policies("a rule without ports matches every port of every protocol",
        "no ports mean every TCP port",
        'ports=_each(rule.get("ports"), f"{field}.ports", _port),',
        'ports=_each(rule.get("ports"), "", _port) or (PortMatch(Protocol.TCP),),'),
    in_compiled("a podSelector alone means pods of the policy's own namespace",
        "a podSelector alone means pods everywhere", "there = own\n", "there = self.selectable\n"),
    in_compiled("a namespaceSelector alone means all pods of matching namespaces",
        "a namespaceSelector stays in the own namespace",
        "there = self._ground.namespaces.select(peer.namespaces) & self.selectable",
        "there = self._ground.namespaces.select(peer.namespaces) & own"),
    in_compiled("a namespaceSelector alone means all pods of matching namespaces",
        "a missing podSelector matches no pod",
        "self._layout.labelled.select(peer.pods or Selector())",
        "(self._layout.labelled.select(peer.pods) if peer.pods else 0)"),
    in_compiled("an empty namespaceSelector means every namespace, and no address outside",
        "an empty namespaceSelector is a missing one",
        "if peer.namespaces is not None:",
        "if peer.namespaces is not None and not peer.namespaces.is_empty:"),
    in_compiled("an empty namespaceSelector means every namespace, and no address outside",
        "an empty namespaceSelector means the whole world",
        "        there = own\n",
        "        there = own\n        if peer.namespaces == Selector():\n"
        "            return self._layout.everything\n"),
    in_compiled("both selectors in one item must both hold", "either selector is enough",
        "return there & self._layout.labelled", "return there | own & self._layout.labelled"),
    in_compiled("both selectors in one item must both hold",
        "the podSelector beside a namespaceSelector is left out",
        "select(peer.pods or Selector())",
        "select(Selector() if peer.namespaces else peer.pods or Selector())"),
    in_compiled("two items are alternatives", "every item must hold",
        "return united(self._peer(peer, own) for peer in peers)",
        "return -1 & min((self._peer(peer, own) for peer in peers), key=int.bit_count)"),
    in_compiled("a namespace is known by its name without any label of its own",
        "only written labels count", ", METADATA_NAME: name}", "}"),
    Mutant("a block leaves out what it excepts, and its edges belong to it",
        "exceptions are not read", "addresses",
        "in sorted(span_of(network) for network in block.excluded)", "in ()"),
    Mutant("a block leaves out what it excepts, and its edges belong to it",
        "the last address of an exception is in the block", "addresses",
        "start = max(start, hole.last + 1)", "start = max(start, hole.last)"),
    Mutant("a block leaves out what it excepts, and its edges belong to it",
        "the broadcast address is not in the block", "addresses",
        "flips[span.last + 1] ^= 1 << number", "flips[span.last] ^= 1 << number"),
    Mutant("a block of one family says nothing about the other",
        "all of IPv4 means all addresses", "addresses",
        "if block.cidr.version != version:",
        "if block.cidr.version != version and block.cidr.prefixlen:"),
    in_compiled("a block matches the pods with an address in it", "blocks miss pods",
        "return held & ~self.selectable if missed else held", "return held & ~self.selectable"),
    in_policies("a missing protocol means TCP", "a missing protocol means UDP",
        "protocol = Protocol.TCP\n", "protocol = Protocol.UDP\n"),
    Mutant("a missing protocol means TCP", "the protocol is not looked at", "ports",
        "if match.protocol is protocol:", "if match:"),
    in_policies("a protocol without a port means all its ports", "a missing port means port 1",
        "return PortMatch(protocol)\n", "return PortMatch(protocol, 1, 1)\n"),
    Mutant("a named port is resolved on each destination, with its protocol",
        "a name is one number everywhere", "ports",
        "yield number, number, where\n", "yield number, number, EVERY_DESTINATION\n"),
    Mutant("a named port is resolved on each destination, with its protocol",
        "a name has no protocol", "ports",
        "self._named.get((match.protocol, match.name), {})",
        "{n: w for (_, name), found in self._named.items() if name == match.name"
        " for n, w in found.items()}"),
    Mutant("endPort belongs to the range", "endPort is the first port outside", "ports",
        "flips[last + 1] ^= {(match, where)}", "flips[max(last, first + 1)] ^= {(match, where)}"),
    in_policies("endPort belongs to the range", "endPort is not read",
        "last = first if end is None else", "last = first if end else"),
    in_selectors("In wants the key with one of the values", "In holds for a missing key",
        "            case Operator.IN:\n                return united(listed)",
        "            case Operator.IN:\n"
        "                return united(listed) | self.everything & ~united(values.values())"),
    in_selectors("NotIn holds for what lacks the key", "NotIn wants the key",
        "            case Operator.NOT_IN:\n                return self.everything &",
        "            case Operator.NOT_IN:\n                return united(values.values()) &"),
    in_selectors("Exists holds for an empty value", "an empty value does not count",
        "            case Operator.EXISTS:\n                return united(values.values())",
        "            case Operator.EXISTS:\n"
        "                return united(bits for value, bits in values.items() if value)"),
    in_selectors("DoesNotExist holds only for what lacks the key",
        "DoesNotExist holds for an empty value",
        "            case Operator.DOES_NOT_EXIST:\n"
        "                return self.everything & ~united(values.values())",
        "            case Operator.DOES_NOT_EXIST:\n                return self.everything"
        " & ~united(bits for value, bits in values.items() if value)"),
    in_selectors("all labels and expressions of a selector must hold", "one label is enough",
        "for key, value in selector.labels:", "for key, value in selector.labels[:1]:"),
    in_selectors("all labels and expressions of a selector must hold",
        "expressions are not read",
        "for requirement in selector.expressions:\n            selected",
        "for requirement in ():\n            selected"),
    Mutant("rules of a direction that policyTypes leaves out have no effect",
        "rules isolate and open by being there", "policies",
        "isolates=frozenset(listed) or",
        "isolates=frozenset(listed) | {d for d, r in ((Direction.INGRESS, ingress),"
        " (Direction.EGRESS, egress)) if r} or"),
    in_compiled("a pod's own node always gets in, other nodes only by a rule",
        "nodes need a rule too", "return hosted.get(node, 0) if node else 0", "return 0"),
    in_compiled("a pod's own node always gets in, other nodes only by a rule",
        "every node always gets in",
        "return hosted.get(node, 0) if node else 0", "return self._layout.pods"),
    in_compiled("a pod's own node always gets in, other nodes only by a rule",
        "an unknown node is any node",
        "return hosted.get(node, 0) if node else 0",
        "return hosted.get(node, 0) | hosted.get('', 0)"),
    in_compiled("a pod's own node is no exception to its egress", "a pod always reaches its node",
        "if self._reading is not Reading.OWN_NODE_OPEN:", "if False:"),
    in_compiled("pods on the host's network are their node: no policy isolates or selects them",
        "host-network pods are like all pods", "pods & ~on_host", "pods"),
    Mutant("replies need no rule of their own", "the way back must be open too", "estate",
        "allowed = egress.allows and ingress.allows\n",
        "allowed = all(side.allows for side in (egress, ingress,"
        " *PairQuestion(self.layout, self.ports, destination, source, port_class)"
        ".sides(self.compiled())))\n"),
]  # fmt: skip


def in_gate(rule: str, misreading: str, old: str, new: str) -> Mutant:
    return Mutant(rule, misreading, "gate", old, new)


def in_addresses(rule: str, misreading: str, old: str, new: str) -> Mutant:
    return Mutant(rule, misreading, "cluster_addresses", old, new)


IS_CERTAIN = "if one.record.verdict.certainty is Certainty.CERTAIN]"
IS_DOUBTED = "if verdict.certainty is not Certainty.CERTAIN:"
ENDS = "self.incomplete & (1 << source | 1 << destination)"
# Of the gate: which code `--expect` ends with.
GATE_MUTANTS = [
    in_gate("what is certain and as expected passes", "the gate expects the contrary",
        'verdict.allowed == (expected == "allowed")', 'verdict.allowed != (expected == "allowed")'),
    in_gate("what is certain and not as expected fails", "the first answer decides",
        "for one in certain for", "for one in certain[1:] for"),
    Mutant("a policy of the whole cluster may decide otherwise", "it makes nothing incomplete",
        "estate", "return self.layout.everything\n        return united",
        "return 0\n        return united"),
    in_gate("a policy of the whole cluster may decide otherwise", "incomplete passes",
        IS_DOUBTED, "if verdict.certainty in list(Certainty)[1:3]:"),
    Mutant("a policy of the receiver's namespace may decide otherwise", "only the sender counts",
        "estate", ENDS, "self.incomplete & 1 << source"),
    Mutant("a policy of the sender's namespace may decide otherwise", "only the receiver counts",
        "estate", ENDS, "self.incomplete & 1 << destination"),
    Mutant("a policy of a third namespace has no say", "it has a say everywhere", "foreign",
        "return namespace if (group, kind) in _NAMESPACED else", "return"),
    Mutant("a mesh's policy has a say from wherever it stands", "its namespace is its end",
        "foreign",
        "return namespace if (group, kind) in _NAMESPACED else \"\"", "return namespace"),
    in_gate("what Kubernetes leaves open passes no gate", "undefined passes",
        IS_DOUBTED, "if verdict.certainty not in (Certainty.CERTAIN, Certainty.UNDEFINED):"),
    in_gate("what plugins decide passes no gate", "plugin-dependent passes",
        IS_DOUBTED, "if verdict.certainty not in [*Certainty][:2]:"),
    in_gate("what plugins decide passes no gate", "what is not certain fails for certain",
        IS_CERTAIN, "]\n    expected = 'blocked'"),
    Mutant("a port name that two containers use is every port of that name", "the first counts",
        "asking", "for number in port.on(member):", "for number in port.on(member)[:1]:"),
    in_gate("a receiver without the port is not answered for", "it is passed over",
        "for member in asking.asked.without_port():", "for member in ():"),
    in_addresses("a Service's address is not the outside", "Services have no addresses",
        "in world.service_addresses.items():", "in ():"),
    Mutant("a Service's address is not the outside", "the doubt is not said", "asking",
        "if not ends:\n            return record", "if ends:\n            return record"),
    Mutant("a load balancer's address is not the outside", "it is not read", "reading",
        '"status.loadBalancer.ingress"', '"status.loadBalancer.egress"'),
    in_addresses("a CIDR that holds pods is not the outside alone", "pods are not looked for",
        "(*pods, *nodes, *ranges)", "(*nodes, *ranges)"),
    in_addresses("a CIDR that holds a node is not the outside alone", "nodes are not looked for",
        "(*pods, *nodes, *ranges)", "(*pods, *ranges)"),
    in_addresses("a private address may be a pod's where no range of pods is known",
        "pods of unknown address are nowhere", "if not world.pod_ranges and", "if False and"),
    in_gate("an address outside is answered for certain", "everything is doubted",
        IS_DOUBTED, "if verdict:"),
    in_addresses("every address means the outside alone", "it is a CIDR like all others",
        "if asked.prefixlen == 0:", "if False:"),
]  # fmt: skip


@pytest.mark.parametrize("one", GATE_MUTANTS, ids=str)
def test_the_gate_notices_its_misreading(one: Mutant, tmp_path: Path) -> None:
    faulty = mutant_command(one.module, one.old, one.new)
    cases = [case for case in GATE_CASES if case.rule == one.rule]
    codes = [faulty([written(tmp_path, case.objects), *arguments(case)]) for case in cases]
    assert codes != [case.code for case in cases]


def test_every_rule_of_the_gate_has_a_misreading() -> None:
    assert {one.rule for one in GATE_MUTANTS} == {case.rule for case in GATE_CASES}


@pytest.mark.parametrize("one", MUTANTS, ids=str)
def test_the_case_of_a_rule_notices_its_misreading(one: Mutant) -> None:
    case = BY_RULE[one.rule]
    faulty = answers(mutant(one.module, one.old, one.new), case)
    assert faulty != {question: (answer,) * 2 for question, answer in case.expected.items()}


def test_every_rule_has_a_misreading_and_none_is_of_no_rule() -> None:
    assert {one.rule for one in MUTANTS} == {case.rule for case in CASES}


def test_a_copy_without_a_fault_answers_like_the_engine() -> None:
    copy = mutant("estate", "sent & taken if pods", "taken & sent if pods")
    assert copy.estate is not REAL.estate
    assert all(answers(copy, case) == answers(REAL, case) for case in CASES)


def test_a_fault_that_finds_no_place_is_not_passed_over() -> None:
    with pytest.raises(NoSuchSeam):
        mutant("estate", "no such words", "")

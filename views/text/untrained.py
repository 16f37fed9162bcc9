"""What is said of networks that did not train: that they did not, and nothing of what pruning has done to them."""

from __future__ import annotations

from collections.abc import Sequence

from pruning import Network, Outcome
from views.text.names import Pair, listed


def sentences(networks: Sequence[Network]) -> list[str]:
    """Which networks did not train, and which others were pruned from one that did not; mostly nothing.

    networks: of one experiment, in order of prune ratio.
    """
    failed = [network for network in networks if not network.trained]
    orphans = [network for network in networks if network.trained and not network.parents_trained]
    found = []
    if failed:
        one = len(failed) == 1
        chance = max(network.chance_loss for network in failed)
        found.append(
            f"{_named(failed)} did not train: {'its' if one else 'their'} validation loss stayed at chance "
            f"({chance:.2f} nats); nothing is concluded from {'it' if one else 'them'}."
        )
    if orphans:
        found.append(f"{_named(orphans)} trained, but {_were(orphans)} pruned from one that did not.")
    return found


def notes(outcome: Outcome, store_note: str | None = None) -> list[str]:
    """What a visitor should know about these results, and about where they are kept: sentences, mostly none."""
    broken = [f"{network.prune_ratio:.3g}" for network in outcome.networks if network.diverged]
    found = []
    if broken:
        found.append(
            f"Training broke off at prune ratio {', '.join(broken)}, because the loss was no longer a number; "
            "what is shown is the best network before that."
        )
    found += sentences(outcome.networks)
    if store_note:
        found.append(store_note)
    return found


def of_other(names: Pair | None, other: Outcome | None) -> list[str]:
    """The same of networks to compare with, after their name: a curve leaves out those that did not train."""
    if names is None or other is None:
        return []
    pruned = [network for network in other.networks if network.level]  # the dense one has been told of
    return [f"*{names.reference}*: {words[:1].lower()}{words[1:]}" for words in sentences(pruned)]


def short(network: Network) -> str:
    """What stands in place of a judgement on the answers of a network that knows nothing; mostly nothing."""
    if not network.trained:
        return "it **did not train**"
    return "" if network.beats_chance else "its answers are **no better than chance**"


def apart(pair: Pair, reference: Network, pruned: Network) -> str:
    """What is said in place of a comparison of two pruned networks where one has learned nothing; mostly nothing."""
    named = ((pair.the_pruned, pruned), (pair.the_reference, reference))
    failed = [name for name, network in named if pair.are_pruned and not network.trained]
    return f"{listed(failed)} **did not train**, so there is nothing to compare" if failed else ""


def verdict(network: Network) -> str:
    """What is said in place of a verdict on a network that did not train; nothing of one that did."""
    if network.trained:
        return ""
    lowest = float(network.val_loss[network.kept_epoch])
    return (
        f"The {_kind(network)} network **did not train**: validation loss {lowest:.2f} nats, chance "
        f"{network.chance_loss:.2f}. Nothing is concluded from it."
    )


def _kind(network: Network) -> str:
    return "pruned" if network.level else "dense"


def _were(networks: Sequence[Network]) -> str:
    return "was" if len(networks) == 1 else "were"


def _named(networks: Sequence[Network]) -> str:
    """The network at prune ratio 0.9 · The dense network and those at prune ratio 0.1, 0.2 and 0.9."""
    pruned = [f"{network.prune_ratio:.3g}" for network in networks if network.level]
    ratios = " and ".join([", ".join(pruned[:-1]), pruned[-1]] if len(pruned) > 1 else pruned)
    if len(pruned) == len(networks):
        return f"The network{'s' if len(pruned) > 1 else ''} at prune ratio {ratios}"
    those = f" and {'those' if len(pruned) > 1 else 'the one'} at prune ratio {ratios}" if pruned else ""
    return f"The dense network{those}"

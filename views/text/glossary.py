"""The words of the pages, each with its formula, which is what the code computes, and where it comes from.

Letters: S samples, N examples, C classes, B bins, z logits, p̄ the mean prediction, y the true label; ln is the
natural logarithm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pruning.options import Criterion, Scope, Strategy
from uncertainty.options import Option, Score

Group = Literal["Pruning", "Training", "Uncertainty", "Calibration", "Out of distribution", "Size"]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True)
class Term:
    """A word, what it means, LaTeX without dollars, a source unless the notion is everybody's, related words."""

    name: str
    group: Group
    sentence: str
    formula: str = ""
    source: str = ""
    see: tuple[str, ...] = ()


def term(name: str) -> Term:
    """The term of exactly that name. Raises ValueError, which names the legal ones."""
    for each in TERMS:
        if each.name == name:
            return each
    raise ValueError(f"term {name!r} is unknown; choose one of: {' · '.join(each.name for each in TERMS)}")


def matching(text: str) -> tuple[Term, ...]:
    """The terms that have each word of `text` in name, sentence or source; all of them if there is no word.

    The beginning of a word is enough; capitals and the kind of dash do not matter.
    """
    words = [re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE) for word in text.replace("–", "-").split()]
    said = {each: f"{each.name} {each.sentence} {each.source}".replace("–", "-") for each in TERMS}
    return tuple(each for each in TERMS if all(word.search(said[each]) for word in words))


def _recipe(strategy: Strategy) -> str:
    """What the mask is made from, and what the kept units start with."""
    i, last, new = ("_i", r"^{(i-1)}", r"^{(i)}") if strategy.iterative else ("", r"^\ast", "")
    source = {"scores": rf"\theta{last}", "chance": r"\text{chance}"}[strategy.mask_from]
    start = {"trained": last, "rewound": "_k", "random": "'"}[strategy.start_from]
    arrow = r"\xrightarrow{\text{train}}" if strategy.retrain else "="
    return rf"{source} \to m{i}, \quad m{i} \odot \theta{start} {arrow} \theta{new}"


_FORMULAS: Mapping[Option, str] = {
    **{strategy: _recipe(strategy) for strategy in Strategy},
    Criterion.L1: r"s_u = \sum_j |w_{uj}|", Criterion.L1_GREEDY: r"s_u = \sum_{j \text{ kept}} |w_{uj}|",
    Criterion.L2: r"s_u = \sqrt{\textstyle\sum_j w_{uj}^2}",
    Criterion.TAYLOR: r"s_u = \frac1N \sum_{n=1}^N \Bigl|\, \frac1M \sum_{i=1}^M g_{nui}\, a_{nui} \,\Bigr|",
    Criterion.ACTIVATION: r"s_u = \frac{1}{NM} \sum_{n=1}^N \sum_{i=1}^M a_{nui}",
    Scope.GLOBAL: r"\hat s_u = s_u \Big/ \sqrt{\textstyle\sum_{v \text{ kept in the layer}} s_v^2}",
    Score.MSP: r"1 - \max_c \bar p_c", Score.ENERGY: r"-\ln \sum_{c=1}^C e^{z_c}", Score.MAX_LOGIT: r"-\max_c z_c",
}  # fmt: skip
_SOURCES: Mapping[Option, str] = {
    Strategy.ONE_SHOT: "Li et al. 2017, section 3.4", Strategy.ONE_SHOT_REWIND: "Frankle & Carbin 2019, for k = 0",
    Strategy.ONE_SHOT_RANDOM: "Frankle & Carbin 2019; Liu et al. 2019", Strategy.RANDOM_MASK: "Su et al. 2020",
    Strategy.ITERATIVE: "Frankle & Carbin 2019, for k = 0", Strategy.ITERATIVE_FINETUNE: "Han et al. 2015",
    Criterion.L1: "Li et al. 2017, section 3.1", Criterion.L1_GREEDY: "Li et al. 2017, section 3.2",
    Criterion.L2: "Li et al. 2017, who compare it with L1",
    Criterion.TAYLOR: "Molchanov et al. 2017, equation 8",
    Criterion.ACTIVATION: "Molchanov et al. 2017, section 2.2", Scope.GLOBAL: "Molchanov et al. 2017, section 2.2",
    Score.MSP: "Hendrycks & Gimpel 2017", Score.ENERGY: "Liu et al. 2020, equation 4, at temperature 1",
    Score.MAX_LOGIT: "Hendrycks et al. 2022",
}  # fmt: skip

_WRITTEN = (
    Term("Prune ratio", "Pruning", "How large a share r of its n units, not of its weights, a layer loses: rounded "
         "to the nearest whole number, halves to the even one, and one unit always stays.",
         r"\min\bigl(\operatorname{round}(r n), n - 1\bigr), \;\; 0 \le r < 1", "",
         ("Units", "Scope", "Compression ratio")),
    Term("Mask", "Pruning", "A yes or no for every unit: is it kept? What is removed stays removed ever after.",
         r"m_u \in \{0, 1\}, \quad \theta \mapsto m \odot \theta", "Frankle & Carbin 2019", ("Shrunk network",)),
    Term("Shrunk network", "Pruning", "The network rebuilt without its removed units; their bias, their BatchNorm "
         "and the weights that read them go too. It answers as the masked one does, up to rounding.",
         r"f_{\text{shrunk}}(x) = f(x;\, m \odot \theta)", "", ("Mask", "Parameters")),
    Term("Level", "Pruning", "How many rounds of pruning a network has behind it. The dense network, of which "
         "nothing is removed, is at level 0.", "", "", ("Rounds",)),
    Term("Rounds", "Pruning", "Iterative pruning can reach its ratio in n rounds that each remove the same share of "
         "what is left, or in rounds of 20\u00a0%. Set to 0, it visits the ratios of the slider one by one.",
         r"r_i = 1 - (1 - r)^{i/n}, \quad i = 1, \dots, n", "Frankle & Carbin 2019, section 1", ("Level",)),
    Term("Re-initialisation", "Pruning", "Also called rewinding: the kept weights get back exactly the values that "
         "they had after epoch k of the dense training, the rewind epoch; k = 0 means those it started from.",
         r"\theta \leftarrow m \odot \theta_k",
         "Frankle & Carbin 2019 for k = 0; Frankle et al. 2020 for later epochs", ("Random re-initialisation",)),
    Term("Random re-initialisation", "Pruning", "The mask is kept, the weights under it are drawn anew. If that does "
         "as well as re-initialisation, the original values were nothing special.",
         r"m \odot \theta', \quad \theta'_j \sim \mathcal U\bigl(-n_{\text{in}}^{-1/2},\, n_{\text{in}}^{-1/2}\bigr)",
         "Frankle & Carbin 2019; Liu et al. 2019", ("Re-initialisation",)),
    Term("Winning ticket", "Pruning", "A ticket is a mask with the re-initialised weights it lets through. It wins "
         "if, trained alone, it gets as accurate as the dense network in no more epochs.",
         r"m \odot \theta_k: \quad \text{acc} \ge \text{acc}_{\text{dense}}, \;\; e^\ast \le e^\ast_{\text{dense}}",
         "Frankle & Carbin 2019, section 1", ("Mask", "Re-initialisation", "Early-stop epoch")),
    Term("Strategy", "Pruning", "The way from the dense network to the pruned one. In the formulas θ with a star is "
         "trained, with k it comes from epoch k, with a prime it is newly drawn; m is the mask, i the level.", "", "",
         tuple(each.label for each in Strategy)),
    Term("Criterion", "Pruning", "What decides how important unit u is; the lowest scores s go first. In the "
         "formulas w are its incoming weights without the bias, a its activations after the ReLU on the M pixels of "
         "a channel (one for a neuron), g the gradients of each example's own loss with respect to them.", "", "",
         tuple(each.label for each in Criterion)),
    Term("Scope", "Pruning", "Who competes with whom: the units of each layer among themselves, or all units. Both "
         "remove the same number in all.", "", "", tuple(each.label for each in Scope)),
    Term("Splits", "Training", "Training examples are learned from, validation examples decide when to stop, test "
         "examples only measure. Points on the plane are split 70, 15 and 15\u00a0%. Of a visitor's own each class "
         "is split so; of fewer than 130 more are kept to validate and test on, up to a quarter each.", "", "",
         ("Early-stop epoch",)),
    Term("Early-stop epoch", "Training", "The last epoch to bring the validation loss down by 0.0001 nats, before as "
         "many as the patience allows bring none; its weights are kept. Epochs in the weights it began with count.",
         r"L_{\text{val}}(e^\ast) \le \min_e L_{\text{val}}(e) + 10^{-4}", "Prechelt 1998; Frankle & Carbin 2019",
         ("Splits", "Winning ticket")),
    Term("Fine-tuning", "Training", "Training goes on from the weights that pruning left, with a new optimiser.", "",
         "Han et al. 2015", ("Re-initialisation",)),
    Term("Epochs spent", "Training", "What it took to find a network: the epochs of the dense training and of every "
         "level on the way, patience included. A ticket that trains fast is not found fast.", "", "",
         ("Early-stop epoch", "Level", "Seconds spent")),
    Term("Seconds spent", "Training", "The same by the clock: processor time of all these trainings, so that a busy "
         "machine does not make them dearer. Small networks train side by side as one stack, where those still "
         "learning share each epoch in equal parts; what each took depends on how many they were.",
         r"t = \sum_{\text{trainings}} \, \sum_{e} \frac{t_e}{K_e}", "", ("Epochs spent", "Measured latency")),
    Term("Dropout", "Training", "In every step each hidden neuron is silenced with probability p, and the others are "
         "scaled up by what is missing on average. Where units are pruned, p may follow the share that is left.",
         r"\tilde a_u = \frac{d_u}{1 - p} a_u, \;\; P(d_u = 1) = 1 - p",
         "Srivastava et al. 2014; Han et al. 2015", ("MC dropout",)),
    Term("Seed", "Training", "The number behind every random choice in training: equal seeds give equal results. "
         "What changes from seed to seed is luck.", "", "", ("Random re-initialisation",)),
    Term("Logits", "Uncertainty", "The last layer's numbers, one for each class, of any size. Softmax makes class "
         "probabilities of them, which sum to 1; a single pass, with dropout off, gives one such answer.",
         r"z = f(x;\, \theta), \quad p_c = \frac{e^{z_c}}{\sum_{j=1}^C e^{z_j}}", "", ("MC dropout", "Energy")),
    Term("MC dropout", "Uncertainty", "The network is asked S times with dropout on: S thinned networks, the same "
         "for every example. The average of their answers is the mean prediction, from which most figures are taken.",
         r"\begin{aligned} \bar p &= \frac1S \sum_s p^{(s)} \\ p^{(s)} &= \operatorname{softmax} f(x; d^{(s)}) "
         r"\end{aligned}",
         "Gal & Ghahramani 2016, equation 6", ("Dropout", "Mutual information", "Deep ensemble")),
    Term("Single pass", "Uncertainty", "The network is asked once, with dropout off. One answer cannot disagree with "
         "itself, so all of the doubt is expected entropy.",
         r"\bar p = \operatorname{softmax} f(x;\, \theta), \quad I = 0", "", ("Logits", "MC dropout")),
    Term("Deep ensemble", "Uncertainty", "M networks, ten here, that were initialised, trained and pruned alike from "
         "different seeds; the average of their answers is the mean prediction. It costs M trainings.",
         r"\bar p = \frac1M \sum_{m=1}^M \operatorname{softmax} f(x;\, \theta_m)",
         "Lakshminarayanan et al. 2017, section 2.4", ("Seed", "Mutual information")),
    Term("Laplace approximation", "Uncertainty", "A Gaussian over weights around the trained ones, as wide as the "
         "training loss is flat there: of the last layer, or of the weights that survived pruning. Its draws move "
         "the linearised network. The prior precision λ is that of the largest evidence.",
         r"\begin{aligned} \theta^{(s)} &\sim \mathcal N\bigl(\theta, (H + \lambda I)^{-1}\bigr) \\ z^{(s)} &= "
         r"f(x;\, \theta) + J(x)\, (\theta^{(s)} - \theta) \end{aligned}",
         "MacKay 1992; Immer et al. 2021; Daxberger et al. 2021", ("Single pass", "Mutual information")),
    Term("Confidence", "Uncertainty", "The probability that the network gives to its own answer.", r"\max_c \bar p_c",
         "Hendrycks & Gimpel 2017", ("Calibration", "MSP")),
    Term("Predictive entropy", "Uncertainty", "All the doubt there is, whatever its cause, in nats, the unit that "
         "goes with the natural logarithm: 0 when one class is certain, ln C when all are equally likely.",
         r"H[\bar p] = -\sum_{c=1}^C \bar p_c \ln \bar p_c", "Gal 2016, section 3.3",
         ("Expected entropy", "Mutual information")),
    Term("Expected entropy", "Uncertainty", "The part of the doubt called aleatoric: what each sample has "
         "on its own. It equals the noise in the data, which more of them would not change, only where the network "
         "fits; pruned beyond that it grows while the data stay as they are.",
         r"\frac1S \sum_{s=1}^S H\bigl[p^{(s)}\bigr]", "Houlsby et al. 2011, equation 2", ("Predictive entropy",)),
    Term("Mutual information", "Uncertainty", "The epistemic part of the doubt, also called BALD: samples contradict "
         "each other, as they should where there were no data to learn from. A single sample has none.",
         r"I = H[\bar p] - \frac1S \sum_{s=1}^S H\bigl[p^{(s)}\bigr] \ge 0", "Houlsby et al. 2011, equation 2",
         ("Predictive entropy",)),
    Term("Epistemic, test", "Uncertainty", "Mutual information of an average test example, like those learned.",
         r"\frac1N \sum_{n=1}^N I_n", "", ("Mutual information", "Epistemic, OOD")),
    Term("Epistemic, OOD", "Uncertainty", "Mutual information of an average example out of distribution. A network "
         "that knows what it does not know has more of it here.", r"\frac1N \sum_{n=1}^N I_n", "",
         ("Out of distribution", "Epistemic, test")),
    Term("Hellinger distance", "Uncertainty", "How far apart two predictions are: 0 if equal, 1 if no class is "
         "shared.", r"\sqrt{\tfrac12 \textstyle\sum_c \bigl(\sqrt{p_c} - \sqrt{q_c}\bigr)^2}", "Hellinger 1909"),
    Term("Calibration", "Calibration", "Confidence that comes true: of all answers given with 80\u00a0%, 80\u00a0% "
         "are right.",
         r"P(\text{right} \mid \text{confidence} = q) = q", "Guo et al. 2017, equation 1",
         ("Reliability diagram", "ECE")),
    Term("Temperature", "Calibration", "One number that all logits are divided by: above 1 a network gets less sure, "
         "below 1 surer, and the answer of a single pass stays what it was. It is fitted on validation examples, "
         "between 0.05 and 20, so that their NLL is least.",
         r"p_c = \frac{e^{z_c/T}}{\sum_{j=1}^C e^{z_j/T}}, \quad \hat T = \arg\min_T \text{NLL}_{\text{val}}(T)",
         "Guo et al. 2017, equation 9; for MC dropout Laves et al. 2019",
         ("Logits", "NLL", "Calibration error")),
    Term("Calibration error", "Calibration", "The part of the NLL that recalibration takes away, here by one fitted "
         "temperature: probabilities that were named wrongly. It is below 0 where the temperature harms.",
         r"\text{NLL}(1) - \text{NLL}(\hat T)", "Berta et al. 2025; Bröcker 2009",
         ("Refinement error", "Temperature", "Calibration")),
    Term("Refinement error", "Calibration", "The part of the NLL that recalibration leaves: the noise in the data, "
         "and whatever the network cannot tell apart. Fitted on other examples, it is a little too large.",
         r"\text{NLL}(\hat T)", "Berta et al. 2025; Bröcker 2009",
         ("Calibration error", "True entropy")),
    Term("Accuracy", "Calibration", "The share of right answers. A tie goes to the class with the lower number; the "
         "error rate is what is missing to 1.",
         r"\frac1N \sum_{n=1}^N \mathbf 1\bigl[\arg\max_c \bar p_{nc} = y_n\bigr]"),
    Term("NLL", "Calibration", "Negative log-likelihood, in nats: how surprised the network is by the true labels. "
         "It punishes false certainty hardest; one example costs 87.3 at most.",
         r"-\frac1N \sum_{n=1}^N \ln \max\bigl(\bar p_{n y_n},\, 2^{-126}\bigr)", "", ("Brier score",)),
    Term("Brier score", "Calibration", "How far the probabilities are from 1 for the true class and 0 for the "
         "others, squared: between 0 and 2. Like NLL, it judges accuracy and calibration at once.",
         r"\frac1N \sum_{n=1}^N \sum_{c=1}^C \bigl(\bar p_{nc} - \mathbf 1[y_n = c]\bigr)^2", "Brier 1950", ("NLL",)),
    Term("Reliability diagram", "Calibration", "Test examples in bins of equal width, 15 unless set otherwise: what "
         "share of each bin is right against how confident it is. A bin holds its upper edge, the first also 0.",
         r"\left(\tfrac{b-1}{B}, \tfrac bB\right], \quad b = 1, \dots, B", "DeGroot & Fienberg 1983; Guo et al. 2017",
         ("Consistency bars", "ECE")),
    Term("Consistency bars", "Calibration", "Where a bin's dot would lie in 95\u00a0% of draws if the network were "
         "calibrated. At most one dot in twenty lies outside by chance, far fewer in small bins.", "",
         "Bröcker & Smith 2007",
         ("Floor", "Reliability diagram")),
    Term("ECE", "Calibration", "Expected calibration error: the gap between accuracy and confidence, averaged over "
         "the examples by way of their bins.", r"\sum_{b=1}^B \frac{n_b}{N}\, |\text{acc}_b - \text{conf}_b|",
         "Naeini et al. 2015; Guo et al. 2017, equation 3", ("Signed gap", "Floor", "MCE", "ACE")),
    Term("Truth", "Calibration", "A generated task is drawn from a known distribution, so the probability of every "
         "class is known exactly wherever a point lies (Bayes posterior). Figures held against it instead of labels "
         "vary with the points alone.", r"p(y \mid x) = \frac{p(x \mid y)\, p(y)}{\sum_c p(x \mid c)\, p(c)}",
         "Devroye et al. 1996, section 2.1", ("Bayes accuracy", "Excess NLL", "True entropy")),
    Term("Bayes accuracy", "Calibration", "The accuracy of always answering the truly most probable class. No "
         "classifier has more on average.", r"\mathbb E_x \max_c p(c \mid x)", "Devroye et al. 1996, section 2.1",
         ("Truth",)),
    Term("Excess NLL", "Calibration", "What a network's NLL has beyond the least there can be, the entropy of the "
         "truth: the mean Kullback–Leibler divergence from the truth to the network.",
         r"\mathbb E_x \sum_c p(c \mid x) \ln \frac{p(c \mid x)}{\bar p_c(x)}", "", ("NLL", "Truth")),
    Term("True entropy", "Uncertainty", "The entropy of the true class probabilities: the noise in the data, which "
         "no network can take away. The expected entropy equals it only for a network that fits.",
         r"-\sum_c p(c \mid x) \ln p(c \mid x)", "", ("Expected entropy", "Truth")),
    Term("Signed gap", "Calibration", "Mean confidence minus accuracy: above 0 a network is over-confident, below 0 "
         "under-confident. It needs no bins, and no floor: chance moves it to either side alike.",
         r"\frac1N \sum_{n=1}^N \bigl(\max_c \bar p_{nc} - \mathbf 1[\arg\max_c \bar p_{nc} = y_n]\bigr)", "",
         ("ECE", "Told difference")),
    Term("MCE", "Calibration", "Maximum calibration error: the worst bin, even if it holds a single example.",
         r"\max_b |\text{acc}_b - \text{conf}_b|", "Guo et al. 2017, equation 5", ("ECE",)),
    Term("ACE", "Calibration", "Adaptive calibration error: ECE with bins that hold equally many examples, as far as "
         "equal confidences allow.",
         r"\sum_{b=1}^B \frac{n_b}{N}\, |\text{acc}_b - \text{conf}_b|, \quad n_b \approx N/B",
         "Nixon et al. 2019, whose equation 3 averages over all classes as well", ("ECE",)),
    Term("UCE", "Calibration", "Uncertainty calibration error: the gap between error rate and mean normalised "
         "entropy, over bins of that entropy. Even a calibrated network is not at zero here, so read it beside its "
         "floor: outside the band, on either side, speaks against calibration.",
         r"\sum_{b=1}^B \frac{n_b}{N}\, |\text{err}_b - h_b|, \quad h = \frac{H[\bar p]}{\ln C}",
         "Laves et al. 2019, equation 10", ("Floor", "Predictive entropy")),
    Term("Floor", "Calibration", "What a calibrated network of these very confidences would get on these examples: "
         "the mean of 400 draws, with the band of the middle 95\u00a0%. Inside the band nothing is proved; a UCE "
         "below it speaks against calibration as one above does, for that floor is no minimum.",
         r"\text{right}_n \sim \text{Bernoulli}\bigl(\max_c \bar p_{nc}\bigr)",
         "Bröcker & Smith 2007; Vaicenavicius et al. 2019, section 4",
         ("ECE", "UCE", "Smallest ECE found", "Consistency bars")),
    Term("Smallest ECE found", "Calibration", "An ECE inside its band proves nothing: few examples cannot tell it "
         "from calibrated. This is the ECE that they would find above the band four times in five, of a network "
         "whose every answer is right with a probability lower than its confidence by the same ε.",
         r"P\bigl(\text{ECE} > \text{band} \mid P(\text{right}_n) = \max_c \bar p_{nc} - \varepsilon\bigr) = 0.8", "",
         ("Floor", "ECE")),
    Term("Told difference", "Calibration", "A change is called a rise or a fall where its 95\u00a0% interval, over "
         "the same examples before and after, excludes 0; where several ratios are looked at, each interval is "
         "wider (Bonferroni). Else it is no difference that so many examples could tell.",
         r"\bar\delta \pm t_{N-1} \frac{s_\delta}{\sqrt N}, \quad \delta_n = \text{after}_n - \text{before}_n",
         "Student 1908; Bonett & Price 2012 for shares", ("Signed gap", "Floor")),
    Term("Verdict over seeds", "Calibration", "Runs of the same seed are compared, so that what is hard about a seed "
         "cancels. A strategy is called better or worse where the interval of its mean difference over R seeds "
         "excludes 0, as wide as Holm's procedure asks for; fewer than five seeds tell nothing.",
         r"\bar d \pm t_{R-1} \frac{s_d}{\sqrt R}, \quad d_r = \text{pruned}_r - \text{dense}_r", "Student 1908",
         ("Holm's procedure", "Told difference", "Seed")),
    Term("Holm's procedure", "Calibration", "Of M comparisons that are looked at together, the smallest p-value is "
         "held against α/M, the next against α/(M−1), and so on until one is not small enough. With α = 0.05 "
         "something is told in at most one study of twenty in which nothing differs.",
         r"p_{(k)} \le \frac{\alpha}{M - k + 1}", "Holm 1979", ("Verdict over seeds",)),
    Term("Training gap", "Calibration", "Accuracy on the training examples minus that on the test examples, both of "
         "a single pass: what was learned by heart. Where learned labels are wrong it can be below 0.",
         r"\text{acc}_{\text{train}} - \text{acc}_{\text{test}}", "", ("Splits",)),
    Term("Out of distribution", "Out of distribution", "OOD examples are unlike what was learned: unknown classes, "
         "or points far away. Test examples are in distribution, ID.", "", "", ("Score", "Epistemic, OOD")),
    Term("Score", "Out of distribution", "A number for every example, higher the more it looks OOD. Selective "
         "prediction refuses those above a threshold, the lowest that refuses no more test examples than asked for.",
         r"\text{answer} \iff s \le \tau", "Geifman & El-Yaniv 2017", tuple(each.label for each in Score)),
    Term("AUROC", "Out of distribution", "The chance that an OOD example scores higher than an ID one, ½ by "
         "guessing. It is the area under the ROC curve, the share of OOD at or above each threshold against that of "
         "ID.", r"P(s_{\text{OOD}} > s_{\text{ID}}) + \tfrac12 P(s_{\text{OOD}} = s_{\text{ID}})",
         "Hanley & McNeil 1982", ("AUPR", "FPR@95TPR")),
    Term("AUPR", "Out of distribution", "Precision, the share of OOD among all at or above a threshold, averaged "
         "over recall, the share of OOD that is. Guessing gets the share of OOD among all examples.",
         r"\sum_m (R_m - R_{m-1})\, P_m", "Davis & Goadrich 2006", ("AUROC",)),
    Term("FPR@95TPR", "Out of distribution", "The share of ID examples that are flagged too when at least 95\u00a0% "
         "of OOD examples are: lower is better, guessing gets 0.95. OOD is the positive class.",
         r"\begin{aligned} \min_\tau \{ & P(s_{\text{ID}} \ge \tau) : \\ & P(s_{\text{OOD}} \ge \tau) \ge 0.95\} "
         r"\end{aligned}",
         "Hendrycks et al. 2019 (outlier exposure)", ("AUROC",)),
    Term("Risk–coverage curve", "Out of distribution", "Risk is the error rate among the answers that are kept, "
         "coverage their share. A useful score has a lower risk at a lower coverage.",
         r"\text{risk}(\tau) = \frac{\#\{\text{wrong},\, s \le \tau\}}{\#\{s \le \tau\}}", "Geifman & El-Yaniv 2017",
         ("Score", "AURC")),
    Term("AURC", "Out of distribution", "The risk averaged over all coverages, equal scores over all their orders. "
         "Lower is better; the least there can be ranks each error after all right answers.",
         r"\frac1N \sum_{n=1}^N \text{risk of the } n \text{ most certain}", "Geifman et al. 2019",
         ("Risk–coverage curve",)),
    Term("Prediction set", "Calibration", "Instead of one class all that are not too strange: those whose score is "
         "at most a threshold, the ⌈(n + 1)(1 − α)⌉-th smallest score that the true classes of n validation examples "
         "have (split conformal prediction).", r"\{c : s(x, c) \le \hat q\}",
         "Vovk et al. 2005; Angelopoulos & Bates 2023, section 1", ("Coverage of sets", "LAC", "APS")),
    Term("Coverage of sets", "Calibration", "The share of prediction sets that hold the true class. For inputs like "
         "the validation examples it is 1 − α or more on average, for any network; for n of them it varies as a beta "
         "distribution does.",
         r"\operatorname{Beta}\bigl(k,\, n + 1 - k\bigr), \;\; k = \lceil (n+1)(1-\alpha) \rceil",
         "Vovk 2012, proposition 2b; Angelopoulos & Bates 2023, section 3.2", ("Prediction set",)),
    Term("LAC", "Calibration", "Least ambiguous classes: strange is what the network finds improbable. The smallest "
         "sets if its probabilities are right; where it doubts most, a set may be empty.", r"s(x, c) = 1 - \bar p_c",
         "Sadinle et al. 2019", ("Prediction set", "APS")),
    Term("APS", "Calibration", "Adaptive prediction sets: strange is a class that much probability lies on or above. "
         "Drawn with a random share u of its own it is no larger than it must be; without, u is 1. Where the network "
         "is surest, a set may be empty.",
         r"s(x, c) = \sum_{j :\, \bar p_j > \bar p_c} \bar p_j + u\, \bar p_c", "Romano et al. 2020",
         ("Prediction set", "LAC")),
    Term("Wilson interval", "Out of distribution", "The range that plausibly holds the true share behind k out of n, "
         "at 95\u00a0% with z = 1.96. It has a width even if none or all were counted.",
         r"\frac{k + z^2/2 \pm z \sqrt{k(n-k)/n + z^2/4}}{n + z^2}", "Wilson 1927"),
    Term("Units", "Size", "Hidden neurons and channels: what pruning removes, each with everything that belongs to "
         "it. The last layer's are the classes and are neither counted nor pruned.", "", "", ("Prune ratio",)),
    Term("Parameters", "Size", "All numbers that training can change, counted in the shrunk network.", "", "",
         ("Shrunk network", "Compression ratio")),
    Term("Compression ratio", "Size", "How many times fewer parameters there are. Half the units can be a quarter of "
         "the parameters, because both ends of a connection thin out.",
         r"\frac{\text{parameters}_{\text{dense}}}{\text{parameters}_{\text{pruned}}}", "Blalock et al. 2020"),
    Term("Theoretical speed-up", "Size", "How many times fewer multiply–adds an example takes: those of linear and "
         "convolutional layers, a filter's once for every pixel it gives. A clock may say otherwise.",
         r"\frac{\text{multiply–adds}_{\text{dense}}}{\text{multiply–adds}_{\text{pruned}}}", "Blalock et al. 2020"),
    Term("Measured latency", "Size", "The time one batch takes: the median of 11 passes after two to warm up. "
         "Networks that are compared take turns, so that a disturbance hits both. The dense one is measured once, "
         "others are told in proportion to it.", "", "",
         ("Theoretical speed-up",)),
)  # fmt: skip

_KINDS: tuple[type[Option], ...] = (Strategy, Criterion, Scope, Score)
# Two of the scores are measures of uncertainty, and have their words there.
_OPTIONS = [member for kind in _KINDS for member in kind if member.label not in {each.name for each in _WRITTEN}]
TERMS = (*_WRITTEN, *(
    Term(member.label, "Out of distribution" if isinstance(member, Score) else "Pruning", member.help,
         _FORMULAS.get(member, ""), _SOURCES.get(member, ""), (type(member).__name__,))
    for member in _OPTIONS
))  # fmt: skip

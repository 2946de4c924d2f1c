#include "launch/compare/show/words.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/strings.h"
#include "launch/compare/measure/sampling.h"
#include "worker/metrics/doubts.h"
#include "worker/train/best_checkpoint.h"

namespace chorus::launch {
namespace {

std::string Formatted(const char* format, double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), format, digits, value);
  return buffer;
}

std::string FixedText(double value, int digits) { return Formatted("%.*f", value, digits); }

// Names grouped by what they have in common, in the order of first appearance.
template <typename Key>
using Groups = std::vector<std::pair<Key, std::vector<std::string>>>;

template <typename Key>
void AddTo(Groups<Key>* groups, const Key& key, const std::string& name) {
  const auto same = std::find_if(groups->begin(), groups->end(),
                                 [&](const auto& group) { return group.first == key; });
  if (same == groups->end()) {
    groups->push_back({key, {name}});
  } else {
    same->second.push_back(name);
  }
}

// "seed 2", "seeds 2, 3"
std::string Listed(const char* thing, const std::vector<std::string>& names) {
  return StrCat(thing, names.size() == 1 ? " " : "s ", Join(names, ", "));
}

std::vector<std::string> FoldNames(const CompareConfig& config, const std::vector<int>& folds) {
  std::vector<std::string> names;
  names.reserve(folds.size());
  for (const int fold : folds) names.push_back(config.data(fold).name());
  return names;
}

// The elements of `all` that are not in `some`; both ascending.
template <typename T>
std::vector<T> Without(const std::vector<T>& all, const std::vector<T>& some) {
  std::vector<T> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

// " (621 conversions)", or " (BASE: 621 conversions on data sets a, b; ESMM: 320 on ...)".
std::string Behind(const CompareConfig& config, const CompareTable& table, size_t c) {
  const TableColumn& column = table.columns[c];
  if (column.is_truth()) return " (exact)";
  if (!column.counts_positives()) return "";
  Groups<std::vector<int>> rows;  // methods by the data sets of their means
  for (const TableRow& row : table.rows) {
    const std::vector<int>& folds = row.cells[c].runs.folds;
    if (!folds.empty()) AddTo(&rows, folds, config.method(row.method).name());
  }
  std::vector<std::string> parts;
  for (const auto& [folds, methods] : rows) {
    const bool of_clicks = column.rows.label == RowSet::Label::kClick;
    std::string part = NumberOf(PositivesOf(column, folds), of_clicks ? "click" : "conversion");
    if (rows.size() > 1) {
      part = StrCat(Join(methods, ", "), ": ", part, " on ",
                    Listed("data set", FoldNames(config, folds)));
    }
    parts.push_back(std::move(part));
  }
  return parts.empty() ? "" : StrCat(" (", Join(parts, "; "), ")");
}

// The facts of one data set: "12 groups with 31.0 % of the exposures", "the features allow 0.8130",
// "".
std::string FactsText(const TableColumn& column, const FoldFacts& facts) {
  if (facts.auc_ceiling.has_value()) {
    return "the features allow " + FixedText(*facts.auc_ceiling, 4);
  }
  if (!column.needs_groups()) return "";
  const std::string groups = NumberOf(facts.metric.groups(), "group") + " with ";
  if (!facts.metric.has_coverage()) return groups + "a conversion";
  return StrCat(groups, FixedText(100 * facts.metric.coverage(), 1), " % of the exposures");
}

// The runs that means leave out: "; no value on data set b: left out of means and differences", or
// the same for some methods' rows.
std::string LeftOut(const FinishedRuns& finished, const CompareTable& table, size_t c) {
  const CompareConfig& config = finished.config();
  Groups<std::string> gaps;  // methods by what they lack
  size_t methods = 0;        // that have a mean
  for (const TableRow& row : table.rows) {
    const RunGrid& valued = row.cells[c].runs;
    if (valued.empty()) continue;
    ++methods;
    const RunGrid runs = finished.CommonRuns({row.method});
    std::vector<std::string> seeds, parts;
    for (const uint64_t seed : Without(runs.seeds, valued.seeds)) seeds.push_back(StrCat(seed));
    const auto folds = FoldNames(config, Without(runs.folds, valued.folds));
    if (!folds.empty()) parts.push_back(Listed("data set", folds));
    if (!seeds.empty()) parts.push_back(Listed("seed", seeds));
    if (!parts.empty()) AddTo(&gaps, Join(parts, " and "), config.method(row.method).name());
  }
  std::string text;
  for (const auto& [gap, names] : gaps) {
    if (names.size() == methods) {
      text += StrCat("; no value on ", gap, ": left out of means and differences");
      continue;
    }
    const bool base = std::count(names.begin(), names.end(), config.base()) > 0;
    text += StrCat("; no value for ", Join(names, ", "), " on ", gap, ": left out of ",
                   names.size() == 1 ? "that row" : "those rows",
                   base ? " and of all differences" : "");
  }
  return text;
}

// The runs behind an unfinished comparison's rows, and the methods whose rows are missing.
std::string UnfinishedNote(const CompareConfig& config, const CompareTable& table) {
  std::vector<std::string> missing;
  for (int m = 0; m < config.method_size(); ++m) {
    const bool shown = std::any_of(table.rows.begin(), table.rows.end(),
                                   [&](const TableRow& row) { return row.method == m; });
    if (!shown) missing.push_back(config.method(m).name());
  }
  return StrCat(
      "Unfinished: a row takes the seeds and data sets that its method has, as written behind its "
      "name; a difference those that the base has too.",
      missing.empty() ? "" : StrCat(" Left out, without enough runs: ", Join(missing, ", "), "."));
}

// The setting that the sweep has chosen for each method, and the values of the other settings.
void AddChoices(const FinishedRuns& finished, std::vector<std::string>* notes) {
  const ComparePlan& plan = finished.plan();
  const CompareConfig& config = plan.config;
  const std::string metric = worker::MetricName(config.sweep_by());
  for (size_t m = 0; m < plan.choices.size(); ++m) {
    const CompareMethod& method = config.method(static_cast<int>(m));
    const SettingChoice& choice = plan.choices[m];
    if (choice.value.empty()) continue;
    std::vector<std::string> values;
    for (int s = 0; s < config.sweep_size(); ++s) {
      const std::optional<double>& value = choice.value[static_cast<size_t>(s)];
      values.push_back(StrCat(config.sweep(s).name(), " ",
                              value.has_value() ? FixedText(*value, 4) : "without a value"));
    }
    const std::string taken =
        choice.setting < 0 ? "none of the settings" : config.sweep(choice.setting).name();
    notes->push_back(StrCat("Settings: ", method.name(), choice.kept ? " keeps " : " takes ", taken,
                            choice.kept ? ", with which its runs began; its " : ", by its ", metric,
                            " on the validation logs, seed 1 (", Join(values, ", "), ")."));
  }
}

// The doubts about a method's runs: those of the first such run, and the number of other such runs.
void AddDoubts(const FinishedRuns& finished, int method, std::vector<std::string>* notes) {
  const CompareMethod& config = finished.config().method(method);
  std::vector<std::string> first;
  std::string name;
  size_t more = 0;
  for (const FinishedRun& run : finished.runs()) {
    if (run.run->method != method) continue;
    std::vector<std::string> doubts;
    for (worker::Doubt& doubt : worker::DoubtsOf(run.record.evaluation(), run.run->config)) {
      doubts.push_back(std::move(doubt.text));
    }
    // A reference's predictions of clicks have no meaning.
    std::erase_if(doubts, [&](const std::string& doubt) {
      return config.reference() && (doubt.starts_with("ctr:") || doubt.starts_with("ctcvr:"));
    });
    const std::string of_steps = worker::DoubtOfSteps(run.record.steps());
    if (!of_steps.empty()) doubts.push_back(of_steps);
    if (doubts.empty()) continue;
    if (!first.empty()) {
      ++more;
      continue;
    }
    first = std::move(doubts);
    name = finished.plan().NameOf(*run.run);
  }
  if (first.empty()) return;
  const std::string others =
      more == 0 ? "" : StrCat(" (and ", NumberOf(more, "further run"), " of it)");
  for (const std::string& doubt : first) {
    notes->push_back(StrCat("Doubtful: ", name, others, ": ", doubt, "."));
  }
}

}  // namespace

std::string SignedText(double value, int digits) { return Formatted("%+.*f", value, digits); }

std::string GroupedDigits(uint64_t count) {
  std::string digits = StrCat(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string NumberOf(uint64_t count, const std::string& thing) {
  return StrCat(GroupedDigits(count), " ", thing, count == 1 ? "" : "s");
}

std::string MeanText(const Cell& cell, const Column& column) {
  if (cell.runs.empty()) return "-";
  std::string mean = FixedText(cell.mean, column.digits);
  if (!cell.sd.has_value()) return mean;
  return StrCat(mean, " ± ", FixedText(*cell.sd, column.digits));
}

std::string DifferenceText(const Cell& cell, const Column& column, bool is_base) {
  if (cell.runs.empty()) return "-";
  if (is_base) return "base";
  if (!cell.difference.has_value()) return "-";
  const worker::CombinedDifference& difference = *cell.difference;
  std::string estimate = SignedText(difference.estimate, column.digits);
  if (!cell.has_interval()) return estimate;
  return StrCat(estimate, " [", SignedText(difference.interval.low, column.digits), ", ",
                SignedText(difference.interval.high, column.digits), "]");
}

std::string RunsText(const FinishedRuns& finished, int method) {
  const CompareConfig& config = finished.config();
  const RunGrid grid = finished.CommonRuns({method});
  const auto folds = static_cast<size_t>(config.data_size());
  if (grid.seeds.size() == config.seeds() && grid.folds.size() == folds) return "";
  std::string text = StrCat(" (", grid.seeds.size(), " of ", NumberOf(config.seeds(), "seed"));
  if (folds > 1) text += StrCat(", ", grid.folds.size(), " of ", NumberOf(folds, "data set"));
  const size_t failures = finished.FailuresOf(method);
  if (failures > 0) text += StrCat("; ", NumberOf(failures, "run"), " failed");
  return text + ")";
}

std::vector<TableSection> SectionsOf(const CompareTable& table) {
  const std::pair<Section, const char*> titles[] = {
      {Section::kRanking, "Ranking"},
      {Section::kGroups, "Ranking within groups"},
      {Section::kCtr, "pCTR on all exposures"},
      {Section::kCvr, "pCVR on clicked exposures"},
      {Section::kCtcvr, "pCTCVR on all exposures"},
      {Section::kTruth, "pCVR against the truth of the generated world"}};
  std::vector<TableSection> sections;
  for (const auto& [section, title] : titles) {
    TableSection shown{title, {}};
    for (size_t c = 0; c < table.columns.size(); ++c) {
      if (table.columns[c].section == section) shown.columns.push_back(c);
    }
    if (!shown.columns.empty()) sections.push_back(std::move(shown));
  }
  return sections;
}

std::string ColumnNote(const FinishedRuns& finished, const CompareTable& table, size_t c) {
  const CompareConfig& config = finished.config();
  const TableColumn& column = table.columns[c];
  std::string note = column.about + Behind(config, table, c);
  if (column.best == Best::kLow) note += "; lower is better";
  if (column.best == Best::kOne) note += "; 1 is right";
  for (const auto& [fold, facts] : column.folds) {
    const std::string text = FactsText(column, facts);
    if (text.empty()) continue;
    note += "; ";
    if (config.data_size() > 1) note += StrCat("data set ", config.data(fold).name(), ": ");
    note += text;
  }
  return note + LeftOut(finished, table, c);
}

std::vector<std::string> TableNotes(const FinishedRuns& finished, const CompareTable& table) {
  const CompareConfig& config = finished.config();
  const size_t done = finished.runs().size(), planned = finished.plan().runs.size();
  std::vector<std::string> notes = {
      StrCat(done, " of ", planned, " runs are finished: ", NumberOf(table.rows.size(), "method"),
             ", ", NumberOf(config.seeds(), "seed"), ", ",
             NumberOf(static_cast<uint64_t>(config.data_size()), "data set"), ".")};
  if (done < planned) notes.push_back(UnfinishedNote(config, table));
  for (const FailedRun& failed : finished.failed()) {
    notes.push_back(StrCat("Failed: ", finished.plan().NameOf(*failed.run), ": ", failed.why,
                           ". `chorus compare --resume` tries it again."));
  }
  AddChoices(finished, &notes);
  for (const std::string& line : FittedLines(finished.plan())) {
    notes.push_back(StrCat("Not written, and ", line, "; fit_settings: false takes defaults."));
  }
  for (int m = 0; m < config.method_size(); ++m) AddDoubts(finished, m, &notes);
  notes.push_back(
      "Mean ± standard deviation over seeds; where there are several data sets (folds), of each "
      "seed their mean.");
  notes.push_back(StrCat(
      "Differences are to ", config.base(),
      ", paired by seed and data set, with 95 % intervals: DeLong's variance of the seeds' mean "
      "contrast for AUCs (not where the log has weights), the paired bootstrap by group (by "
      "exposure where the log has no groups; ",
      config.bootstrap(), " draws) for the rest, none over fewer than ", kFewestGroups,
      " groups, and the variance of the seeds. With one seed, an interval holds the "
      "test set's noise only, and nothing is bold."));
  notes.push_back(StrCat(
      "Bold: the interval excludes 0, and ", kFewestPositives,
      " clicks or conversions are behind it, and the method does better there than a constant "
      "(AUC above 0.5; of losses and calibration NE below 1). Of cells without any true difference "
      "one in "
      "twenty is bold too; nothing is adjusted for the number of cells."));
  if (std::any_of(finished.runs().begin(), finished.runs().end(), [](const FinishedRun& run) {
        const Evaluation& evaluation = run.record.evaluation();
        return evaluation.task_size() > 0 && evaluation.task(0).has_weight();
      })) {
    notes.push_back(
        "A test log has weights: its exposures count as often as they say, but for NDCG, Recall, "
        "PCOC by pCTR and what is measured against the truth.");
  }
  Groups<std::string> missing;  // titles by reason
  for (const MissingColumn& column : table.missing) AddTo(&missing, column.why, column.title);
  for (const auto& [why, titles] : missing) {
    notes.push_back(StrCat("No value: ", Join(titles, ", "), " (", why, ")."));
  }
  if (std::any_of(table.columns.begin(), table.columns.end(),
                  [](const Column& column) { return column.is_truth(); })) {
    notes.push_back(
        "Against the truth: computed from P(conversion | do(click)) of each test exposure, not "
        "from drawn labels. There is no sampling of labels to allow for; intervals show the spread "
        "of seeds alone.");
  }
  return notes;
}

}  // namespace chorus::launch

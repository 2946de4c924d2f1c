// `chorus objective`: a method's losses and gradients of rows that a user writes, in full double
// precision.
//   in   o <tab> r <tab> head <tab> head ...        one line per row; all heads, in any order
//   out  term <name> <sum> <denominator> <weight>
//        total <value>
//        grad <row> <head> <d total / d logit>      rows count from 0
// All separators are tabs; numbers have 17 digits.

#include <cinttypes>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "common/config.h"
#include "common/file.h"
#include "common/lower_letter.h"
#include "common/nearest_word.h"
#include "common/strings.h"
#include "launch/command/commands.h"
#include "worker/objective/objective.h"

namespace chorus::launch {
namespace {

using worker::Objective;

struct Rows {
  std::vector<uint32_t> heads;  // column i of the input is this head
  std::vector<uint8_t> click;
  std::vector<uint8_t> conversion;
  std::vector<double> logits;  // [rows, heads], in the order of the method's heads
  int64_t size() const { return static_cast<int64_t>(click.size()); }
};

std::string HeadNames(const Objective& objective) {
  std::vector<std::string> names;
  for (const worker::Head& head : objective.heads()) names.push_back(head.name);
  return Join(names, ", ");
}

std::string Lowered(std::string text) {
  for (char& c : text) c = LowerLetter(c);
  return text;
}

Result<std::unique_ptr<Objective>> MakeMethod(const ObjectiveArguments& arguments) {
  const std::vector<std::string> names = worker::ObjectiveNames();
  const std::string method = Lowered(arguments.method);
  bool known = false;
  for (const std::string& name : names) known = known || Lowered(name) == method;
  if (!known) {
    return InvalidArgument(StrCat("--method ", arguments.method, ": no such method",
                                  InsteadOfWord(arguments.method, names, Join(names, ", "))));
  }
  std::vector<std::string> sets = {method + "={}"};
  for (const std::string& set : arguments.sets) sets.push_back(StrCat(method, ".", set));
  ObjectiveConfig config;
  RETURN_IF_ERROR(LoadConfig("", sets, &config));
  return worker::MakeObjective(config, arguments.seed);
}

Result<std::string> ReadInput(const std::string& input) {
  if (input != "-") return ReadWholeFile(PosixFiles(), input);
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (std::cin.bad()) return Internal("standard input: read failed");
  return text;
}

// Which head each column is. Every head of the method must be there once, and nothing else.
Status ParseHeader(const std::vector<std::string>& cells, const Objective& objective, Rows* rows) {
  const size_t heads = objective.heads().size();
  if (cells.size() < 2 || cells[0] != "o" || cells[1] != "r") {
    return InvalidArgument("the header must begin with the columns o and r");
  }
  std::vector<bool> seen(heads, false);
  for (size_t column = 2; column < cells.size(); ++column) {
    uint32_t head = 0;
    while (head < heads && objective.heads()[head].name != cells[column]) ++head;
    if (head == heads || seen[head]) {
      return InvalidArgument(StrCat("column ", column + 1, ": \"", cells[column], "\" is ",
                                    head == heads ? "no head of " : "there twice in ",
                                    objective.name(), "; allowed: ", HeadNames(objective)));
    }
    seen[head] = true;
    rows->heads.push_back(head);
  }
  if (rows->heads.size() == heads) return Status::Ok();
  return InvalidArgument(StrCat("the header names ", rows->heads.size(), " heads; ",
                                objective.name(), " needs: ", HeadNames(objective)));
}

Result<uint8_t> ParseLabel(const std::string& cell, const char* column) {
  if (cell == "0") return uint8_t{0};
  if (cell == "1") return uint8_t{1};
  return InvalidArgument(StrCat("column ", column, ": \"", cell, "\"; allowed: 0, 1"));
}

Status ParseRow(const std::vector<std::string>& cells, const Objective& objective, Rows* rows) {
  if (cells.size() != rows->heads.size() + 2) {
    return InvalidArgument(StrCat(cells.size(), " cells; the header has ", rows->heads.size() + 2));
  }
  ASSIGN_OR_RETURN(const uint8_t click, ParseLabel(cells[0], "o"));
  ASSIGN_OR_RETURN(const uint8_t conversion, ParseLabel(cells[1], "r"));
  const size_t begin = rows->logits.size();
  rows->logits.resize(begin + rows->heads.size());
  for (size_t i = 0; i < rows->heads.size(); ++i) {
    const std::optional<double> logit = ParseDouble(cells[i + 2]);
    if (!logit.has_value()) {
      return InvalidArgument(StrCat("column ", objective.heads()[rows->heads[i]].name, ": \"",
                                    cells[i + 2], "\"; allowed: a finite number"));
    }
    rows->logits[begin + rows->heads[i]] = *logit;
  }
  rows->click.push_back(click);
  rows->conversion.push_back(conversion);
  return Status::Ok();
}

Result<Rows> ParseRows(const std::string& source, std::string_view text,
                       const Objective& objective) {
  Rows rows;
  std::vector<std::string> lines = Split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  if (lines.empty()) return InvalidArgument(StrCat(source, ":1: no header"));
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].ends_with('\r')) lines[i].pop_back();
    const std::vector<std::string> cells = Split(lines[i], '\t');
    const Status status =
        i == 0 ? ParseHeader(cells, objective, &rows) : ParseRow(cells, objective, &rows);
    if (!status.ok()) return status.Annotate(StrCat(source, ":", i + 1));
  }
  return rows;
}

void PrintTerms(const Objective& objective, const std::vector<worker::Normalizer>& normalizers,
                const std::vector<double>& sums) {
  double total = 0;
  for (size_t k = 0; k < sums.size(); ++k) {
    const worker::Term& term = objective.terms()[k];
    std::printf("term\t%s\t%.17g\t%.17g\t%.17g\n", term.name.c_str(), sums[k],
                normalizers[k].denominator, normalizers[k].weight);
    total += normalizers[k].scale() * sums[k];
  }
  std::printf("total\t%.17g\n", total);
}

void PrintGradients(const Objective& objective, const Rows& rows,
                    MatrixView<const double> gradients) {
  for (int64_t i = 0; i < rows.size(); ++i) {
    for (const uint32_t head : rows.heads) {
      std::printf("grad\t%" PRId64 "\t%s\t%.17g\n", i, objective.heads()[head].name.c_str(),
                  gradients(i, head));
    }
  }
}

}  // namespace

Status RunObjective(const ObjectiveArguments& arguments) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Objective> objective, MakeMethod(arguments));
  const uint32_t stages = objective->shape().stages();
  if (arguments.stage >= stages) {
    return InvalidArgument(
        StrCat("--stage ", arguments.stage, ": ", objective->name(), " has ",
               stages == 1 ? "one stage, 0" : StrCat("stages 0 to ", stages - 1)));
  }
  ASSIGN_OR_RETURN(const std::string text, ReadInput(arguments.input));
  const std::string source = arguments.input == "-" ? "standard input" : arguments.input;
  ASSIGN_OR_RETURN(const Rows rows, ParseRows(source, text, *objective));

  const worker::RowLabels labels{rows.click.data(), rows.conversion.data(), nullptr, rows.size()};
  const auto heads = static_cast<int64_t>(objective->heads().size());
  std::vector<double> gradients(rows.logits.size());
  const MatrixView<const double> logits(rows.logits.data(), rows.size(), heads);
  std::vector<double> partials(objective->partials(arguments.stage), 0.0);
  objective->AddPartials(arguments.stage, labels, logits, partials.data());
  const std::vector<worker::Normalizer> normalizers =
      objective->Normalizers(arguments.stage, objective->SumSpaces(labels), partials);
  std::vector<double> sums(normalizers.size(), 0.0);
  MatrixView<double> dlogits(gradients.data(), rows.size(), heads);
  objective->Evaluate(arguments.stage, labels, logits, worker::ScalesOf(normalizers), dlogits,
                      sums.data());

  PrintTerms(*objective, normalizers, sums);
  PrintGradients(*objective, rows, dlogits);
  if (std::fflush(stdout) != 0) return Internal("standard output: write failed");
  return Status::Ok();
}

}  // namespace chorus::launch

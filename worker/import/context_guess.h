#pragma once
// Which columns of a text are of a context: nearly equal in rows that follow one another and are of
// one request, or of one user where rows have times of their own. Thread safety: pure function.

#include <cstdint>
#include <optional>
#include <vector>

#include "worker/import/column_sample.h"
#include "worker/import/text_sample.h"

namespace chorus::worker {

struct ContextGuess {
  std::vector<bool> columns;  // [column]: it is of the context
  // [column]: the share of such rows in which it differs from the row before.
  std::vector<double> changes;
  double rows_per_context = 1;  // rows that are equal in all these columns
  bool of_request = true;       // rows of one user and time; false: of one user
  bool are_apart = false;       // rows of one user and time come again, but with others between
};

// features: [column], those that may be of a context. A column is of the context if inside a
// request it changes nearly never, and far more rarely than between any two rows; a column that is
// nearly the same in all rows says nothing about requests.
ContextGuess GuessContexts(const TextSample& sample, const std::vector<ColumnSample>& seen,
                           uint32_t group, std::optional<uint32_t> time,
                           const std::vector<bool>& features);

}  // namespace chorus::worker

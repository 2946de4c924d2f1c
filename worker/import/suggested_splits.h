#pragma once
// Options of an import that deal the rows of a text to parts, suggested where nobody has chosen.
// Thread safety: pure function; values.

#include <cstdint>
#include <optional>
#include <string>

#include "worker/import/text_sample.h"

namespace chorus::worker {

struct SuggestedSplits {
  std::string two;    // "--split train:0.8,test:0.2"
  std::string three;  // with a part "validation"
};

// By time where there is a column of times and the sample is the whole text: the last fifth tests,
// the tenth before it validates. Else by draw, since a part of the text cannot say where to cut.
SuggestedSplits SuggestSplits(const TextSample& sample, std::optional<uint32_t> time);

}  // namespace chorus::worker

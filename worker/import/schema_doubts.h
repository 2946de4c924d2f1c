#pragma once
// What a person should look at in a schema that was drafted from a text. Thread safety: pure
// function.

#include <string>
#include <vector>

#include "worker/import/schema_guess.h"
#include "worker/import/text_sample.h"

namespace chorus::worker {

// One line for each doubt, with what to do. REQUIRES: `guess` is of `sample`.
std::vector<std::string> DoubtsOfDraft(const TextSample& sample, const SchemaGuess& guess);

}  // namespace chorus::worker

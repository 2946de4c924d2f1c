#pragma once
// What a setting means, from config.proto, whose text the program carries: comment, what is
// allowed, default. Thread safety: pure functions.

#include <string>

#include "common/status.h"

namespace chorus::launch {

// path: of a job's setting ("step.grain_rows", "model.encoder", "table.default.dim"), or a message
// of config.proto and what is in it ("ImportSchema", "ImportSchema.slot"). Of a message all its
// fields are listed. "" = what there is to ask for. Error (kInvalidArgument): there is no such
// setting; says what there is in its place.
Result<std::string> HelpOf(const std::string& path);

}  // namespace chorus::launch

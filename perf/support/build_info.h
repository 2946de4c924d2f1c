#pragma once
// What was measured: source, compiler, machine. Thread safety: one thread.

#include <string>

namespace chorus::perf {

// "commit":"...","compiler":"...","flags":"...","cpu":"...","cores":N - fields of a JSON object.
// The commit is that of the source tree now, with "-dirty" when the tree has changes.
std::string BuildInfoJson();

}  // namespace chorus::perf

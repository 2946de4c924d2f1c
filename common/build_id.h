#pragma once
// Which build of the program this is. Thread safety: any thread.

#include <string>

namespace chorus {

// The linker's build id of the running program, in hexadecimal: equal iff the program's code is.
// "none" where the linker left none.
std::string BuildId();

}  // namespace chorus

#pragma once
// Which build of the program this is. Thread safety: any thread.

#include <string>

namespace chorus {

// The linker's build id of the running program, in hexadecimal: two programs have the same one if
// and only if their code is the same. It is "none" where the linker left none.
std::string BuildId();

}  // namespace chorus

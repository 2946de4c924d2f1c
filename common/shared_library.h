#pragma once
// Libraries that the program opens at run time, so that it starts where these, or what they need,
// are not. They stay open until the process ends. Thread safety: any thread.

#include <string>

#include "common/status.h"

namespace chorus {

// name: a path, or a name that is looked for beside the executable, then in the executable's search
// path (lib/chorus of an installed program), then where the system looks. Errors: kNotFound, says
// what the system says; kDataLoss, the file at the first of these places was cut.
Result<void*> OpenSharedLibrary(const std::string& name);

// What a library exports to be taken for one of this program: a string, and a function.
struct LibraryExports {
  const char* what;              // the library, in messages: "CUDA backend"
  const char* interface_symbol;  // of a `const char*`
  const char* interface;         // what that must be: the fingerprint of one build
  const char* function_symbol;
};
// The function. name: of the library, for messages. Error: kFailedPrecondition, the library lacks
// one of the two, or belongs to another build.
Result<void*> FindFunction(void* library, const std::string& name, const LibraryExports& exports);

}  // namespace chorus

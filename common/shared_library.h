#pragma once
// Libraries that the program opens at run time, so that it also starts on machines that lack them
// or what they need. They stay open until the process ends. Thread safety: any thread.

#include <string>

#include "common/status.h"

namespace chorus {

// name: a path, or a name that is looked for beside the executable, then in the executable's search
// path (lib/chorus of an installed program), then where the system looks. Errors: kNotFound, with
// the system's reason; kDataLoss when the file at the first of these places was cut short.
Result<void*> OpenSharedLibrary(const std::string& name);

// The two symbols by which a library is known to belong to this program: a string and a function.
struct LibraryExports {
  const char* what;              // the library, in messages: "CUDA backend"
  const char* interface_symbol;  // the name of a `const char*`
  const char* interface;         // its text: the fingerprint of one build
  const char* function_symbol;
};
// Returns the function. name: the library's, for messages. Error: kFailedPrecondition when the
// library lacks one of the two symbols, or belongs to another build.
Result<void*> FindFunction(void* library, const std::string& name, const LibraryExports& exports);

}  // namespace chorus

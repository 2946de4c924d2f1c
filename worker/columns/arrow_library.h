#pragma once
// libchorus_arrow.so as the program opens it; it is never closed.
// Thread safety: any thread.

#include <string>

#include "common/status.h"
#include "worker/columns/arrow_interface.h"

namespace chorus::worker {

struct ArrowLibrary {
  ChorusArrowOpenFunction* open;
  ChorusArrowOpenObjectFunction* open_object;
  ChorusArrowListObjectsFunction* list_objects;
  ChorusArrowOpenWriterFunction* open_writer;
};

// Errors: see OpenArrowFile.
Result<ArrowLibrary> OpenArrowLibrary(const std::string& name);

}  // namespace chorus::worker

#pragma once
// Errors of MPI as Status, on communicators with MPI_ERRORS_RETURN. For libraries that link
// chorus_mpi.
// Thread safety: pure functions.

#include <mpi.h>

#include <string_view>

#include "common/status.h"
#include "common/strings.h"

namespace chorus {

// code: what a call of MPI returned. call: its name, for the message. Error: kInternal.
inline Status CheckMpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return Status::Ok();
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  return Internal(StrCat(call, ": ", std::string_view(text, length)));
}

}  // namespace chorus

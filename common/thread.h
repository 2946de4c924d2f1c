#pragma once
// Where Chorus's threads begin: a thread that the system refuses is an error that names the limit,
// and an exception that a library lets out on a thread ends the process with its cause.
// Thread safety: any thread.

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "common/status.h"

namespace chorus {

// Starts `work` on a thread called `name` (the system shows 15 characters). for_what: what the
// thread is for, in messages: "compute.threads: thread 3 of 8". Error: kResourceExhausted
// (shortage.h).
Result<std::thread> StartThread(const std::string& name, std::string_view for_what,
                                std::function<void()> work);

}  // namespace chorus

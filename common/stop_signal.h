#pragma once
// Signals that ask a long run to save what it has and to end: SIGTERM, SIGINT, SIGUSR1, and SIGHUP
// (a closed terminal) unless it is ignored already, as nohup does. The first one is noted; a second
// SIGTERM or SIGINT ends the process at once, as without a handler.
// Thread safety: CatchStopSignals once, from main's thread; StopSignal from any thread.

#include <string>

namespace chorus {

void CatchStopSignals();
// Whether the process ignores this signal.
bool IsIgnored(int signal);
// The signal that came first, 0: none has come.
int StopSignal();
// "SIGTERM"; for 0, the words that a user reads where another process was asked to stop.
std::string SignalName(int signal);

}  // namespace chorus

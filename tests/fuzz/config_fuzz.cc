// Any text as a job, as an import schema and as one --set: parsing, defaults and checks may refuse
// it, never crash, and what they accept prints as a text that gives the same configuration.
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/check.h"
#include "common/config.h"
#include "common/config_internal.h"

namespace chorus {
namespace {

template <typename Config>
void Try(const std::string& text) {
  internal::Origins origins("fuzz");
  Config config;
  if (!internal::ParseText("fuzz", text, "", &config, &origins).ok()) return;
  internal::FillDefaults(&config);
  if (!internal::CheckAllowed(config, "", origins).ok()) return;
  const std::string printed = PrintConfig(config);
  Config again;
  const Status parsed = internal::ParseText("printed", printed, "", &again, &origins);
  CHECK(parsed.ok(), parsed.message(), "\n", printed);
  CHECK(PrintConfig(again) == printed, printed);
}

void TryJob(const std::string& text) {
  internal::Origins origins("fuzz");
  TrainConfig job;
  if (!internal::ParseText("fuzz", text, "", &job, &origins).ok()) return;
  (void)FinishTrainConfig("fuzz", &job).ok();  // accepted or refused, not crashed
}

void TrySet(const std::string& set) {
  internal::Origins origins("fuzz");
  TrainConfig job;
  (void)internal::ApplySet(set, &job, &origins).ok();
}

}  // namespace
}  // namespace chorus

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  chorus::Try<chorus::TrainConfig>(text);
  chorus::Try<chorus::ImportSchema>(text);
  chorus::TryJob(text);
  chorus::TrySet(text);
  return 0;
}

#include "launch/job/share_job.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"

namespace chorus::launch {
namespace {

// What rank 0 tells the others while it looks for the next job.
constexpr char kWait[] = "W";
// What a job's configuration follows.
constexpr char kJob[] = "J", kSavingJob[] = "S";

// The next job, while the others are told that rank 0 goes on. It may read large files.
Result<std::optional<Job>> NextJob(Communicator& all, const JobSource& source,
                                   double deadline_seconds) {
  if (all.size() == 1) return source();
  // Kept by the thread too: after an error here this process ends, and the thread with it.
  using Answer = std::promise<Result<std::optional<Job>>>;
  const auto answer = std::make_shared<Answer>();
  const auto ask = [answer, &source] {
    try {
      answer->set_value(source());
    } catch (const std::exception& error) {
      answer->set_value(StatusOfException(error));
    }
  };
  std::future<Result<std::optional<Job>>> next = answer->get_future();
  ASSIGN_OR_RETURN(std::thread thread, StartThread("next job", "looking for the next job", ask));
  const std::chrono::duration<double> between_signs(std::min(1.0, deadline_seconds / 8));
  Status told;
  while (told.ok() && next.wait_for(between_signs) != std::future_status::ready) {
    told = all.Broadcast(kWait, 0).status();
  }
  if (!told.ok()) {
    thread.detach();
    return told;
  }
  thread.join();
  return next.get();
}

}  // namespace

Result<std::optional<Job>> ShareJob(Communicator& all, const JobSource& source,
                                    double deadline_seconds) {
  std::string text = kWait;  // "" = there is no more job, else the configuration after one letter
  std::string label, claims_before;  // "" = not known
  if (all.rank() == 0) {
    ASSIGN_OR_RETURN(const std::optional<Job> job, NextJob(all, source, deadline_seconds));
    const char* const kind = job.has_value() && job->saves == Saves::kYes ? kSavingJob : kJob;
    text = job.has_value() ? kind + job->config.SerializeAsString() : "";
    if (job.has_value()) label = job->label;
    if (job.has_value() && job->claims_before) claims_before = StrCat(*job->claims_before);
    RETURN_IF_ERROR(all.Broadcast(text, 0).status());
  }
  while (text == kWait) {
    ASSIGN_OR_RETURN(text, all.Broadcast("", 0));
  }
  if (text.empty()) return std::optional<Job>();
  Job job;
  job.saves = text[0] == *kSavingJob ? Saves::kYes : Saves::kNo;
  ASSIGN_OR_RETURN(job.label, all.Broadcast(label, 0));
  ASSIGN_OR_RETURN(claims_before, all.Broadcast(claims_before, 0));
  job.claims_before = ParseUint64(claims_before);
  if (!job.config.ParseFromString(text.substr(1))) {
    return Internal("the configuration of rank 0 did not arrive");
  }
  return std::optional<Job>(std::move(job));
}

}  // namespace chorus::launch

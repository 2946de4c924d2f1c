#include "worker/train/event_file.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "common/node_name.h"
#include "common/record_frame.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "worker/train/report_numbers.h"
#include "worker/train/tensorboard.pb.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kEventFilePrefix = "events.out.tfevents.";

double SecondsSince1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads a folder's files in the order of their names: this one comes after all that are
// there, also where the clock stood still or went back.
Result<std::string> NextName(FileSystem& files, const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  auto seconds = static_cast<uint64_t>(SecondsSince1970());
  for (const std::string& name : names) {
    if (!name.starts_with(kEventFilePrefix)) continue;
    const std::string rest = name.substr(kEventFilePrefix.size());
    const auto earlier = ParseUint64(rest.substr(0, rest.find('.')));
    if (earlier.has_value()) seconds = std::max(seconds, *earlier + 1);
  }
  return StrCat(kEventFilePrefix, seconds, ".", NodeName(), ".", ::getpid());
}

tensorboard::Event NewEvent(uint64_t step) {
  tensorboard::Event event;
  event.set_wall_time(SecondsSince1970());
  event.set_step(static_cast<int64_t>(step));
  return event;
}

}  // namespace

Result<std::unique_ptr<EventFile>> EventFile::Open(FileSystem& files, const std::string& folder,
                                                   uint64_t done_steps) {
  if (folder.empty()) return std::unique_ptr<EventFile>(new EventFile());
  const std::string context = "report.tensorboard: " + folder;
  RETURN_IF_ERROR(files.CreateDirectories(folder).Annotate(context));
  Result<std::unique_ptr<FileLock>> lock = LockFolder(files, folder, kWriterEndSeconds);
  if (!lock.ok()) return lock.status().Annotate("report.tensorboard");
  const Result<std::string> name = NextName(files, folder);
  RETURN_IF_ERROR(name.status().Annotate(context));
  const std::string path = JoinPath(folder, *name);
  auto file = files.Create(path);
  if (!file.ok()) return file.status().Annotate(context);
  std::unique_ptr<EventFile> events(new EventFile());
  events->lock_ = std::move(*lock);
  events->file_ = SideFile(std::move(*file), "report.tensorboard", path);

  tensorboard::Event version = NewEvent(0);
  version.set_file_version("brain.Event:2");
  events->file_.Append(FramedRecord(version.SerializeAsString()));
  tensorboard::Event start = NewEvent(done_steps == 0 ? 0 : done_steps + 1);
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  events->file_.Append(FramedRecord(start.SerializeAsString()));
  return events;
}

void EventFile::Write(const Report& report) {
  if (!file_.is_open()) return;
  tensorboard::Event event = NewEvent(report.step());
  for (const ReportNumber& number : NumbersOf(report)) {
    tensorboard::Summary::Value* value = event.mutable_summary()->add_value();
    value->set_tag(number.path());
    value->set_simple_value(static_cast<float>(number.value));
  }
  file_.Append(FramedRecord(event.SerializeAsString()));
}

void EventFile::Close() {
  file_.Close();
  lock_.reset();
}

}  // namespace chorus::worker

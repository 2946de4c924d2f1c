#include "common/shortage.h"

#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "common/strings.h"

namespace chorus {
namespace {

// A small file of /proc or /sys; "" if there is none. It allocates little and opens one file: what
// is short may be memory or files.
std::string Contents(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return "";
  char text[4096];
  const size_t bytes = std::fread(text, 1, sizeof(text), file);
  std::fclose(file);
  std::string contents(text, bytes);
  while (contents.ends_with('\n')) contents.pop_back();
  return contents;
}

// "17" of "Threads:\t17" in /proc/self/status.
std::string OwnStatus(const std::string& field) {
  for (const std::string& line : Split(Contents("/proc/self/status"), '\n')) {
    if (line.starts_with(field + ":")) return std::string(Trim(line.substr(field.size() + 1)));
  }
  return "?";
}

// A control file of this process's group, in cgroup v2 or v1; "" if there is none, or no limit.
std::string OfGroup(const std::string& controller, const std::string& name) {
  for (const std::string& line : Split(Contents("/proc/self/cgroup"), '\n')) {
    const size_t path = line.find(":/");
    if (path == std::string::npos) continue;
    const bool v2 = line.starts_with("0::");
    if (!v2 && line.find(":" + controller + ":") == std::string::npos) continue;
    const std::string root = StrCat("/sys/fs/cgroup", v2 ? "" : "/" + controller);
    for (const std::string& folder : {root + line.substr(path + 1), root}) {
      const std::string value(Trim(Contents(StrCat(folder, "/", name))));
      if (!value.empty() && value != "max") return value;
    }
  }
  return "";
}

// "ulimit -u 512"; nothing where there is no limit. unit: what ulimit counts in.
void AddLimit(int resource, const char* ulimit, uint64_t unit, std::vector<std::string>* limits) {
  rlimit limit = {};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return;
  if (limit.rlim_cur != RLIM_INFINITY) {
    limits->push_back(StrCat("ulimit ", ulimit, " ", limit.rlim_cur / unit));
  }
}

void AddGroupLimit(const std::string& controller, const std::string& name, const std::string& used,
                   std::vector<std::string>* limits) {
  constexpr uint64_t kNoLimit = uint64_t{1} << 60;  // version 1 writes a number for none
  const std::string value = OfGroup(controller, name);
  if (value.empty() || ParseUint64(value).value_or(0) >= kNoLimit) return;
  const std::string now = OfGroup(controller, used);
  limits->push_back(
      StrCat(name, " ", value, " of this container", now.empty() ? "" : " (in use: " + now + ")"));
}

std::string LimitsText(const std::vector<std::string>& limits) {
  return limits.empty() ? "none that this process can see" : Join(limits, ", ");
}

constexpr uint64_t kKib = 1024;

// A reserve that is freed when memory runs short: without it not even the message could be made.
constexpr size_t kReserveBytes = size_t{1} << 20;
std::atomic<char*> reserve = new char[kReserveBytes];

}  // namespace

Status ThreadShortage(std::string_view what, int error) {
  std::vector<std::string> limits;
  AddLimit(RLIMIT_NPROC, "-u", 1, &limits);
  AddGroupLimit("pids", "pids.max", "pids.current", &limits);
  AddLimit(RLIMIT_AS, "-v", kKib, &limits);
  AddLimit(RLIMIT_STACK, "-s", kKib, &limits);
  return ResourceExhausted(StrCat(
      what, ": no further thread (", std::strerror(error), "); this process has ",
      OwnStatus("Threads"), " threads and reserves ", OwnStatus("VmSize"),
      " of addresses, a stack for each thread among them; limits: ", LimitsText(limits),
      "; ask for fewer threads (compute.threads, compute.reader_threads, cluster.server_threads) "
      "or raise the limit"));
}

bool IsFileShortage(int error) { return error == EMFILE || error == ENFILE; }

Status FileShortage(std::string_view what, int error) {
  std::vector<std::string> limits;
  AddLimit(RLIMIT_NOFILE, "-n", 1, &limits);
  return ResourceExhausted(StrCat(
      what, ": ", std::strerror(error),
      "; limits: ", error == ENFILE ? "fs.file-max of this machine" : LimitsText(limits),
      "; a process holds a file for each part of its logs, each shard of a checkpoint that it "
      "writes and each connection: raise the limit (ulimit -n 65536)"));
}

Status MemoryShortage(std::string_view what) {
  delete[] reserve.exchange(nullptr);
  std::vector<std::string> limits;
  AddLimit(RLIMIT_AS, "-v", kKib, &limits);
  AddLimit(RLIMIT_DATA, "-d", kKib, &limits);
  AddGroupLimit("memory", "memory.max", "memory.current", &limits);
  AddGroupLimit("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", &limits);
  return ResourceExhausted(StrCat(
      what, what.empty() ? "" : ": ",
      "out of memory: what the configuration asks for does not fit; ", "this process uses ",
      OwnStatus("VmRSS"), " and reserves ", OwnStatus("VmSize"),
      " of addresses; limits: ", LimitsText(limits),
      "; use fewer threads (compute.threads), smaller grains (step.grain_rows), tables (table.dim) "
      "or windows (data.window_blocks), more servers, or raise the limit"));
}

Status FileSizeShortage(std::string_view what) {
  std::vector<std::string> limits;
  AddLimit(RLIMIT_FSIZE, "-f", kKib, &limits);
  return ResourceExhausted(StrCat(what, ": ", std::strerror(EFBIG), "; limits: ",
                                  limits.empty() ? "those of the file system" : Join(limits, ", "),
                                  "; raise the limit"));
}

Status StatusOfException(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return MemoryShortage("");
  if (const auto* of_system = dynamic_cast<const std::system_error*>(&error)) {
    const int code = of_system->code().value();
    if (code == EAGAIN) return ThreadShortage(error.what(), code);
    if (code == ENOMEM) return MemoryShortage(error.what());
    if (IsFileShortage(code)) return FileShortage(error.what(), code);
  }
  return Internal(StrCat("exception: ", error.what()));
}

}  // namespace chorus

#include "common/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace chorus {
namespace {

constexpr char kOwner[] = "GNU";  // of the note that the linker writes

size_t Padded(size_t bytes) { return (bytes + 3) / 4 * 4; }

// The build id among the notes [at, end); "" = there is none.
std::string FindInNotes(const char* at, const char* end) {
  while (at + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof(note));
    const char* const name = at + sizeof(note);
    const char* const bytes = name + Padded(note.n_namesz);
    at = bytes + Padded(note.n_descsz);
    if (at > end) return "";
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(kOwner) ||
        std::memcmp(name, kOwner, sizeof(kOwner)) != 0) {
      continue;
    }
    std::string id;
    for (size_t i = 0; i < note.n_descsz; ++i) {
      constexpr char kDigits[] = "0123456789abcdef";
      const auto byte = static_cast<uint8_t>(bytes[i]);
      id += kDigits[byte >> 4];
      id += kDigits[byte & 15];
    }
    return id;
  }
  return "";
}

// Called for each loaded object; the first one is the program.
int LookIntoProgram(dl_phdr_info* info, size_t, void* id) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* const begin = reinterpret_cast<const char*>(info->dlpi_addr + header.p_vaddr);
    const std::string found = FindInNotes(begin, begin + header.p_memsz);
    if (!found.empty()) *static_cast<std::string*>(id) = found;
  }
  return 1;  // no further object
}

}  // namespace

std::string BuildId() {
  std::string id = "none";
  dl_iterate_phdr(LookIntoProgram, &id);
  return id;
}

}  // namespace chorus

#include "launch/job/job_token.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr size_t kLeastKeyFileBytes = 32;
constexpr size_t kMostKeyFileBytes = 64 << 10;
constexpr char kField[] = "cluster.key_file";
// A rank's message begins like this if it is an error.
constexpr char kTrouble = '!';

std::string HexOf(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    text.push_back("0123456789abcdef"[static_cast<unsigned char>(byte) >> 4]);
    text.push_back("0123456789abcdef"[static_cast<unsigned char>(byte) & 15]);
  }
  return text;
}

// Only the two owners of the key pairs know it, and it seals one token.
Result<std::string> SealingKey(const KeyPair& own, const std::string& owners_public_key,
                               const std::string& readers_public_key, const std::string& peer) {
  ASSIGN_OR_RETURN(const std::string secret, own.Agree(peer));
  return DeriveKey(secret, StrCat("chorus job token", owners_public_key, readers_public_key));
}

// The first rank's tokens for all, one after the other; "" if there are none.
Result<std::string> SealForAll(const std::string& token, const KeyPair& own,
                               const std::vector<std::string>& public_keys) {
  std::string sealed;
  for (const std::string& public_key : public_keys) {
    ASSIGN_OR_RETURN(const std::string one, SealToken(token, own, public_key));
    sealed += one;
  }
  return sealed;
}

Result<std::string> AgreeOnToken(Communicator& group) {
  ASSIGN_OR_RETURN(const std::unique_ptr<KeyPair> own, NewKeyPair());
  ASSIGN_OR_RETURN(const std::vector<std::string> public_keys, group.AllGather(own->public_key()));
  Result<std::string> sealed = std::string();
  if (group.rank() == 0) {
    ASSIGN_OR_RETURN(const std::string token, NewJobToken());
    sealed = SealForAll(token, *own, public_keys);
  }
  // If it failed, the others get nothing, and end as well.
  ASSIGN_OR_RETURN(const std::string all, group.Broadcast(sealed.ok() ? *sealed : "", 0));
  RETURN_IF_ERROR(sealed.status());
  const size_t each = all.size() / group.size();
  return UnsealToken(all.substr(each * group.rank(), each), *own, public_keys.front());
}

// Each rank's error about its key file, "" if there is none.
Status JudgeKeyFiles(Communicator& group, const std::vector<std::string>& found,
                     const std::vector<Place>& places) {
  std::vector<std::string> wrong;
  for (size_t rank = 0; rank < found.size(); ++rank) {
    if (found[rank].empty()) continue;
    const std::string node = rank < places.size() ? places[rank].node : "?";
    wrong.push_back(StrCat("rank ", rank, " on ", node, ": ", found[rank]));
  }
  if (wrong.empty()) return Status::Ok();
  if (group.rank() > 0) return Aborted(StrCat(kField, " is not well; rank 0 says where"));
  return FailedPrecondition(StrCat(kField, ": ", Join(wrong, "; ")));
}

std::string ProofOfKeyFile(const std::string& key, const std::string& nonces, size_t rank) {
  return Sign(DeriveKey(key, "chorus key file"), StrCat("rank ", rank, " ", nonces));
}

Result<std::string> TokenOfKeyFile(Communicator& group, const std::string& path,
                                   const std::vector<Place>& places) {
  const Result<std::string> key = ReadKeyFile(path);
  std::string own = kTrouble + key.status().message();
  if (key.ok()) {
    ASSIGN_OR_RETURN(own, NewJobToken());
  }
  // Fresh bytes of every rank: no two jobs have the same token, and a recorded proof is useless
  // later.
  ASSIGN_OR_RETURN(const std::vector<std::string> nonces, group.AllGather(own));
  std::vector<std::string> found(nonces.size());
  for (size_t rank = 0; rank < nonces.size(); ++rank) {
    if (nonces[rank].empty() || nonces[rank][0] == kTrouble) found[rank] = nonces[rank].substr(1);
  }
  RETURN_IF_ERROR(JudgeKeyFiles(group, found, places));
  RETURN_IF_ERROR(key.status());
  const std::string all = Join(nonces, " ");
  ASSIGN_OR_RETURN(const std::vector<std::string> proofs,
                   group.AllGather(ProofOfKeyFile(*key, all, group.rank())));
  for (size_t rank = 0; rank < proofs.size(); ++rank) {
    if (SameSecret(proofs[rank], ProofOfKeyFile(*key, all, rank))) continue;
    found[rank] = StrCat("the bytes of ", path, " are not those that rank ", group.rank(), " has");
  }
  RETURN_IF_ERROR(JudgeKeyFiles(group, found, places));
  return HexOf(DeriveKey(*key, StrCat("chorus job token ", all)));
}

}  // namespace

Result<std::string> NewJobToken() {
  std::string bytes(kSecretBytes, '\0');
  ssize_t got = 0;
  do {
    got = getrandom(bytes.data(), bytes.size(), 0);  // up to 256 bytes come whole or not at all
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size())) {
    return Internal(StrCat("getrandom: ", std::strerror(errno)));
  }
  return HexOf(bytes);
}

Result<std::string> ShareJobToken(Communicator& group, const std::string& key_file,
                                  const std::vector<Place>& places) {
  return key_file.empty() ? AgreeOnToken(group) : TokenOfKeyFile(group, key_file, places);
}

Result<std::string> SealToken(const std::string& token, const KeyPair& own,
                              const std::string& public_key) {
  ASSIGN_OR_RETURN(const std::string key,
                   SealingKey(own, own.public_key(), public_key, public_key));
  return Seal(key, token);
}

Result<std::string> UnsealToken(const std::string& sealed, const KeyPair& own,
                                const std::string& owners_public_key) {
  ASSIGN_OR_RETURN(const std::string key,
                   SealingKey(own, owners_public_key, own.public_key(), owners_public_key));
  Result<std::string> token = Unseal(key, sealed);
  if (!token.ok()) return token.status().Annotate("the job's token");
  return token;
}

Result<std::string> ReadKeyFile(const std::string& path) {
  const auto failed = [&](const char* what) {
    const Status status =
        errno == ENOENT ? NotFound(StrCat(path, ": ", std::strerror(errno)))
                        : FailedPrecondition(StrCat(what, " ", path, ": ", std::strerror(errno)));
    return status;
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed("opening");
  const std::unique_ptr<const int, void (*)(const int*)> closer(&fd,
                                                                [](const int* p) { ::close(*p); });
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return failed("looking at");
  if (!S_ISREG(facts.st_mode)) return FailedPrecondition(StrCat(path, " is no file"));
  if ((facts.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof(mode), "%04o", static_cast<unsigned>(facts.st_mode & 07777));
    return FailedPrecondition(
        StrCat(path, " has mode ", mode, ", so that others may read or change it: chmod 600 it"));
  }
  std::string key(kMostKeyFileBytes + 1, '\0');
  size_t size = 0;
  ssize_t got = 1;
  while (got != 0 && size < key.size()) {
    got = ::read(fd, key.data() + size, key.size() - size);
    if (got < 0 && errno != EINTR) return failed("reading");
    if (got > 0) size += static_cast<size_t>(got);
  }
  if (size < kLeastKeyFileBytes || size > kMostKeyFileBytes) {
    return FailedPrecondition(StrCat(path, " has ", size > kMostKeyFileBytes ? "more than " : "",
                                     std::min(size, kMostKeyFileBytes), " bytes; a key has ",
                                     kLeastKeyFileBytes, " to ", kMostKeyFileBytes,
                                     " (head -c 32 /dev/urandom makes one)"));
  }
  key.resize(size);
  return key;
}

}  // namespace chorus::launch

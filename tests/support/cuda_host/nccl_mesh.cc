#include "tests/support/cuda_host/nccl_mesh.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "common/strings.h"

namespace chorus::cuda_host {
namespace {

constexpr char kAborted[] = "aborted";
constexpr int kPollMs = 2;  // between looks at Abort

std::string Errno(const char* call) { return StrCat(call, ": ", std::strerror(errno)); }

// An address without a file, that ends with its listener.
socklen_t FillAddress(const std::string& name, int rank, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  const std::string path = StrCat(name, "-", rank);
  std::memcpy(address->sun_path + 1, path.data(), path.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
}

bool WaitReadable(int socket) {
  pollfd event = {socket, POLLIN, 0};
  return poll(&event, 1, kPollMs) > 0;
}

}  // namespace

Mesh::Mesh(std::string name, int rank, int ranks)
    : name_(std::move(name)), rank_(rank), links_(static_cast<size_t>(ranks)) {}

Mesh::~Mesh() {
  if (listener_ >= 0) close(listener_);
  for (const Link& link : links_) {
    if (link.socket >= 0) close(link.socket);
  }
}

std::string Mesh::Listen() {
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address;
  const socklen_t length = FillAddress(name_, rank_, &address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0) return Errno("bind");
  return listen(listener_, ranks()) == 0 ? "" : Errno("listen");
}

// Lower ranks are called, higher ones call.
std::string Mesh::ConnectTo(int peer) {
  Link& link = links_[static_cast<size_t>(peer)];
  link.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address;
  const socklen_t length = FillAddress(name_, peer, &address);
  while (connect(link.socket, reinterpret_cast<sockaddr*>(&address), length) != 0) {
    if (errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR) return Errno("connect");
    if (aborted_) return kAborted;
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
  return send(link.socket, &rank_, sizeof(rank_), MSG_NOSIGNAL) == sizeof(rank_) ? ""
                                                                                 : Errno("send");
}

std::string Mesh::AcceptOne() {
  while (!WaitReadable(listener_)) {
    if (aborted_) return kAborted;
  }
  const int caller = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (caller < 0) return Errno("accept");
  int peer = -1;
  const bool heard = recv(caller, &peer, sizeof(peer), MSG_WAITALL) == sizeof(peer);
  if (!heard || peer <= rank_ || peer >= ranks()) {
    close(caller);
    return "a caller that is no rank";
  }
  links_[static_cast<size_t>(peer)].socket = caller;
  return "";
}

std::string Mesh::Connect() {
  std::string error = Listen();
  for (int peer = 0; error.empty() && peer < rank_; ++peer) error = ConnectTo(peer);
  for (int more = rank_ + 1; error.empty() && more < ranks(); ++more) error = AcceptOne();
  return error;
}

// One exchange: what is still to be sent, received and acknowledged on each link.
class Mesh::Round {
 public:
  Round(Mesh* mesh, const std::vector<Transfer>& transfers)
      : mesh_(*mesh), peers_(mesh->links_.size()) {
    for (const Transfer& transfer : transfers) {
      Peer& peer = peers_[static_cast<size_t>(transfer.peer)];
      (transfer.is_send ? peer.sends : peer.receives).push_back(transfer);
      if (transfer.is_send) ++peer.untaken;
    }
  }

  std::string Run() {
    while (error_.empty()) {
      std::vector<pollfd> events;
      for (size_t p = 0; p < peers_.size(); ++p) {
        if (IsDone(peers_[p])) continue;
        const int wanted = (MaySend(peers_[p]) ? POLLOUT : 0) | (MayReceive(p) ? POLLIN : 0);
        events.push_back({mesh_.links_[p].socket, static_cast<short>(wanted), 0});
        if (wanted == 0) events.back().fd = -1;
      }
      if (events.empty()) return "";
      if (mesh_.aborted_) return kAborted;
      poll(events.data(), events.size(), kPollMs);
      for (size_t p = 0; p < peers_.size() && error_.empty(); ++p) {
        Move(p);
      }
    }
    return error_;
  }

 private:
  struct Peer {
    std::vector<Transfer> sends, receives;
    size_t sent = 0, received = 0;  // whole ones
    size_t untaken = 0;             // sends without the receiver's word
    size_t to_confirm = 0;          // receives without ours
    MessageHeader outgoing;         // the message being sent
    bool sending = false;
    size_t out_at = 0, in_at = 0;  // bytes of the message under way; out: with its header
  };

  static bool IsDone(const Peer& peer) {
    return peer.untaken == 0 && peer.received == peer.receives.size() && peer.to_confirm == 0 &&
           !peer.sending;
  }
  static bool MaySend(const Peer& peer) {
    return peer.sending || peer.to_confirm > 0 || peer.sent < peer.sends.size();
  }
  // A message that nobody receives yet stays in the socket, and all behind it.
  bool MayReceive(size_t p) const {
    const Peer& peer = peers_[p];
    const Link& link = mesh_.links_[p];
    if (link.header_bytes < sizeof(MessageHeader) || link.incoming.taken != 0) return true;
    return peer.received < peer.receives.size();
  }

  // As much as goes without waiting. A peer that is done may be gone.
  void Move(size_t p) {
    const Peer& peer = peers_[p];
    while (error_.empty() && MaySend(peer) && SendSome(p)) {
    }
    while (error_.empty() && !IsDone(peer) && MayReceive(p) && ReceiveSome(p)) {
    }
  }

  // Bytes moved; 0: none now.
  size_t Moved(size_t p, ssize_t bytes) {
    if (bytes > 0) return static_cast<size_t>(bytes);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
    error_ = StrCat("rank ", p, " is gone");
    return 0;
  }

  bool SendSome(size_t p) {
    Peer& peer = peers_[p];
    if (!peer.sending) {
      const bool confirms = peer.to_confirm > 0;
      peer.outgoing = {confirms, confirms ? 0 : peer.sends[peer.sent].bytes};
      peer.sending = true;
      peer.out_at = 0;
    }
    const size_t header = sizeof(MessageHeader);
    const bool in_header = peer.out_at < header;
    const char* const from = in_header ? reinterpret_cast<const char*>(&peer.outgoing) + peer.out_at
                                       : peer.sends[peer.sent].data + (peer.out_at - header);
    const size_t left = (in_header ? header : header + peer.outgoing.bytes) - peer.out_at;
    if (left > 0) {
      const size_t moved =
          Moved(p, send(mesh_.links_[p].socket, from, left, MSG_NOSIGNAL | MSG_DONTWAIT));
      if (moved == 0) return false;
      peer.out_at += moved;
    }
    if (peer.out_at < header + peer.outgoing.bytes) return true;
    peer.sending = false;
    if (peer.outgoing.taken != 0) {
      --peer.to_confirm;
    } else {
      ++peer.sent;
    }
    return true;
  }

  bool ReceiveSome(size_t p) {
    Link& link = mesh_.links_[p];
    Peer& peer = peers_[p];
    const size_t header = sizeof(MessageHeader);
    if (link.header_bytes < header) {
      char* const to = reinterpret_cast<char*>(&link.incoming) + link.header_bytes;
      const size_t moved =
          Moved(p, recv(link.socket, to, header - link.header_bytes, MSG_DONTWAIT));
      link.header_bytes += moved;
      if (link.header_bytes < header) return moved > 0;
      peer.in_at = 0;
    }
    if (link.incoming.taken != 0) {
      link.header_bytes = 0;
      --peer.untaken;
      return true;
    }
    if (peer.received == peer.receives.size()) return false;
    const Transfer& transfer = peer.receives[peer.received];
    if (transfer.bytes != link.incoming.bytes) {
      error_ = StrCat("rank ", p, " sends ", link.incoming.bytes, " bytes, rank ", mesh_.rank_,
                      " receives ", transfer.bytes);
      return false;
    }
    if (peer.in_at < transfer.bytes) {
      const size_t moved = Moved(p, recv(link.socket, transfer.data + peer.in_at,
                                         transfer.bytes - peer.in_at, MSG_DONTWAIT));
      if (moved == 0) return false;
      peer.in_at += moved;
    }
    if (peer.in_at < transfer.bytes) return true;
    link.header_bytes = 0;
    ++peer.received;
    ++peer.to_confirm;
    return true;
  }

  Mesh& mesh_;
  std::vector<Peer> peers_;  // [ranks]
  std::string error_;
};

std::string Mesh::Exchange(const std::vector<Transfer>& transfers) {
  return Round(this, transfers).Run();
}

}  // namespace chorus::cuda_host

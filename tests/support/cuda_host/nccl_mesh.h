#pragma once
// The connections of one rank of an emulated communicator to all others: sockets of this machine,
// between threads and processes alike. A send is done when its receiver has taken it, as on a
// device whose peer does not come: sends and receives that do not meet wait for ever, or for Abort.
// Thread safety: one thread connects or exchanges at a time; Abort from any thread.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chorus::cuda_host {

// One message, whole.
struct Transfer {
  bool is_send;
  int peer;
  char* data;
  size_t bytes;
};

// The header of what a peer sends: a message, or the word that it has taken one.
struct MessageHeader {
  uint64_t taken = 0;  // 1: the receiver's word
  uint64_t bytes = 0;
};

class Mesh {
 public:
  // Ranks of equal `name` are one communicator.
  Mesh(std::string name, int rank, int ranks);
  ~Mesh();
  int rank() const { return rank_; }
  int ranks() const { return static_cast<int>(links_.size()); }

  // Waits until every rank is connected. Both calls return the error, "" without one; Abort is one.
  std::string Connect();
  // Waits until all transfers are done, which may be in any order between peers; messages between
  // two ranks keep theirs.
  std::string Exchange(const std::vector<Transfer>& transfers);
  void Abort() { aborted_ = true; }
  bool aborted() const { return aborted_; }

 private:
  struct Link {
    int socket = -1;
    MessageHeader incoming;  // of the message that is arriving, or waits for its receive
    size_t header_bytes = 0;
  };
  class Round;

  std::string Listen();
  std::string ConnectTo(int peer);
  std::string AcceptOne();

  const std::string name_;
  const int rank_;
  int listener_ = -1;
  std::vector<Link> links_;  // [ranks]
  std::atomic<bool> aborted_ = false;
};

}  // namespace chorus::cuda_host

#pragma once
// A broker of Kafka inside the test: librdkafka's mock cluster, where the test was built with it.
// Thread safety: one thread.

#include <memory>
#include <string>

namespace chorus::worker {

class MockCluster {
 public:
  virtual ~MockCluster() = default;
  // A cluster with one topic. Null: the test was built without librdkafka.
  static std::unique_ptr<MockCluster> New(const std::string& topic, int partitions);
  virtual std::string brokers() const = 0;  // "127.0.0.1:40123"
  // Returns when the broker has the message; false: it does not get it. The broker keeps 5 MB per
  // partition.
  virtual bool Produce(int partition, const std::string& text) = 0;
  virtual void Stop() = 0;                     // the broker answers nobody any more
  virtual void Forget() = 0;                   // the broker has no such topic any more
  virtual void TakeLeader(int partition) = 0;  // takes it away: the partition gives nothing now
};

}  // namespace chorus::worker

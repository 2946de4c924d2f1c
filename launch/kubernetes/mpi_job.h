#pragma once
// A planned job as objects of Kubernetes: a ConfigMap with its configuration, a volume claim for
// logs and checkpoints, and an MPIJob (kubeflow.org/v2beta1) for the MPI operator, whose pods run
// the image of launch/Dockerfile. README.md says how they are used. Thread safety: pure functions.

#include <cstdint>
#include <string>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

struct KubernetesOptions {
  std::string image;        // has the program, Open MPI and sshd
  std::string name;         // the job's; names of all its objects begin with it
  std::string claim;        // a volume claim that exists; "" = one is made
  std::string volume_size;  // of a claim that is made: "100Gi"
  std::string mount;        // path of the volume in pods; relative paths of the job are there
};

// A valid name of a Kubernetes job, made from a file's: "configs/My_job.textproto" becomes
// "my-job".
std::string KubernetesName(const std::string& file);

// YAML of several documents. config: complete; plan: that of one layout. Pods have as many slots as the fullest host of
// the plan has ranks, and mpirun fills one after the other: where ranks do not divide evenly, a pod may have more ranks
// than the host of its number, and pods may be fewer than hosts.
// Error: kInvalidArgument, which names the option or the field of the job that no pod could use.
Result<std::string> KubernetesObjects(const TrainConfig& config, const JobPlan& plan,
                                      const KubernetesOptions& options);

// The resources that a pod needs so that each of its ranks has what the plan says.
struct PodResources {
  uint64_t memory_mib = 0;
  uint32_t cpus = 0;
};
PodResources ResourcesOfPod(const JobPlan& plan);

}  // namespace chorus::launch

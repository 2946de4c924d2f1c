#include "launch/kubernetes/mpi_job.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <vector>

#include "common/config.h"
#include "common/file.h"
#include "common/strings.h"
#include "launch/kubernetes/yaml.h"

namespace chorus::launch {
namespace {

constexpr char kKeyFolder[] = "/etc/chorus/key";
constexpr char kKeyFile[] = "/etc/chorus/key/job.key";
constexpr char kJobFolder[] = "/etc/chorus/job";
constexpr char kJobFile[] = "/etc/chorus/job/job.textproto";
// Pods have names of their own behind the job's: "-worker-65535".
constexpr size_t kLongestName = 45;

// Memory that the plan does not count: evaluation, sshd, MPI, and growth.
constexpr double kMemoryFactor = 1.25;
constexpr uint64_t kMemoryBesideBytes = uint64_t{512} << 20;
constexpr uint64_t kCheckpointBytes = uint64_t{256} << 20;  // of rows that a server copies aside

bool IsServer(const PlanRank& rank) { return rank.name().find("server") != std::string::npos; }
bool IsWorker(const PlanRank& rank) { return rank.name().find("worker") != std::string::npos; }

Status CheckName(const std::string& name) {
  const auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool fits = !name.empty() && name.size() <= kLongestName &&
                    std::all_of(name.begin(), name.end(), is_inner) && name.front() >= 'a' &&
                    name.front() <= 'z' && name.back() != '-';
  if (fits) return Status::Ok();
  return InvalidArgument(
      StrCat("--name: '", name,
             "': expected a name of lower-case letters, "
             "digits and '-', at most ",
             kLongestName, " characters, that begins with a letter and ends with none of '-'"));
}

// A path of the job in a pod: under the volume, or relative to it.
Status CheckPath(const std::string& field, const std::string& path, const std::string& mount) {
  const std::string inside = WithoutSlash(mount) + "/";
  const std::string in_pod = path.starts_with("/") ? path : inside + path;
  const std::string normal =
      WithoutSlash(std::filesystem::path(in_pod).lexically_normal().string());  // "a/../b": "b"
  if (path.empty() || normal.starts_with(inside) || normal == WithoutSlash(mount)) {
    return Status::Ok();
  }
  return InvalidArgument(StrCat(field, ": ", path, " is not on the volume, which pods have at ",
                                mount, ": give the path that it has there, or another --mount"));
}

Status CheckPaths(const TrainConfig& config, const std::string& mount) {
  for (const std::string& log : config.data().log()) {
    RETURN_IF_ERROR(CheckPath("data.log", log, mount));
  }
  for (const std::string& log : config.evaluate().log()) {
    RETURN_IF_ERROR(CheckPath("evaluate.log", log, mount));
  }
  RETURN_IF_ERROR(CheckPath("evaluate.oracle", config.evaluate().oracle(), mount));
  RETURN_IF_ERROR(CheckPath("warm_start.checkpoint", config.warm_start().checkpoint(), mount));
  RETURN_IF_ERROR(CheckPath("checkpoint.directory", config.checkpoint().directory(), mount));
  RETURN_IF_ERROR(CheckPath("report.metrics", config.report().metrics(), mount));
  RETURN_IF_ERROR(CheckPath("report.tensorboard", config.report().tensorboard(), mount));
  RETURN_IF_ERROR(CheckPath("report.trace.file", config.report().trace().file(), mount));
  if (config.checkpoint().directory().empty()) {
    return InvalidArgument(
        "checkpoint.directory: a job in pods needs one on its volume: a pod may be moved at any "
        "time, and the job then goes on from there");
  }
  return Status::Ok();
}

// The job as its pods run it.
TrainConfig ConfigInPods(const TrainConfig& config, const JobPlan& plan) {
  TrainConfig own = config;
  own.mutable_cluster()->set_servers(plan.layout().servers());
  own.mutable_cluster()->set_key_file(kKeyFile);
  if (own.compute().threads() == 0) own.mutable_compute()->set_threads(plan.layout().threads());
  return own;
}

uint32_t SlotsOfPod(const JobPlan& plan) {
  std::vector<uint32_t> ranks(plan.layout().hosts());
  for (const PlanRank& rank : plan.rank()) ++ranks[rank.host()];
  return *std::max_element(ranks.begin(), ranks.end());
}

// mpirun fills the slots of a pod before those of the next, whatever the plan's hosts are.
uint32_t PodsOf(const JobPlan& plan) {
  const uint32_t slots = SlotsOfPod(plan);
  return (static_cast<uint32_t>(plan.rank_size()) + slots - 1) / slots;
}

void AddMeta(const std::string& kind, const std::string& version, const std::string& name,
             Yaml* yaml) {
  yaml->Begin();
  yaml->Text("apiVersion", version);
  yaml->Text("kind", kind);
  const Yaml::Block metadata = yaml->Map("metadata");
  yaml->Text("name", name);
}

void AddConfigMap(const std::string& job, const std::string& name, Yaml* yaml) {
  AddMeta("ConfigMap", "v1", name + "-job", yaml);
  const Yaml::Block data = yaml->Map("data");
  yaml->Lines("job.textproto", job);
}

void AddClaim(const KubernetesOptions& options, Yaml* yaml) {
  AddMeta("PersistentVolumeClaim", "v1", options.name + "-volume", yaml);
  const Yaml::Block spec = yaml->Map("spec");
  yaml->Words("accessModes", {"ReadWriteMany"});  // all pods of the job
  const Yaml::Block resources = yaml->Map("resources");
  const Yaml::Block requests = yaml->Map("requests");
  yaml->Text("storage", options.volume_size);
}

void AddMount(const std::string& name, const std::string& path, bool read_only, Yaml* yaml) {
  const Yaml::Block item = yaml->Item();
  yaml->Text("name", name);
  yaml->Text("mountPath", path);
  if (read_only) yaml->Flag("readOnly", true);
}

void AddMounts(const KubernetesOptions& options, Yaml* yaml) {
  const Yaml::Block mounts = yaml->Map("volumeMounts");
  AddMount("volume", options.mount, false, yaml);
  AddMount("job", kJobFolder, true, yaml);
  AddMount("key", kKeyFolder, true, yaml);
  AddMount("memory", "/dev/shm", false, yaml);
}

void AddVolumes(const KubernetesOptions& options, Yaml* yaml) {
  const Yaml::Block volumes = yaml->Map("volumes");
  {
    const Yaml::Block item = yaml->Item();
    yaml->Text("name", "volume");
    const Yaml::Block claim = yaml->Map("persistentVolumeClaim");
    yaml->Text("claimName", options.claim.empty() ? options.name + "-volume" : options.claim);
  }
  {
    const Yaml::Block item = yaml->Item();
    yaml->Text("name", "job");
    const Yaml::Block map = yaml->Map("configMap");
    yaml->Text("name", options.name + "-job");
  }
  {
    const Yaml::Block item = yaml->Item();
    yaml->Text("name", "key");
    const Yaml::Block secret = yaml->Map("secret");
    yaml->Text("secretName", options.name + "-key");
    yaml->Number("defaultMode", 0400);
  }
  const Yaml::Block item = yaml->Item();
  yaml->Text("name", "memory");  // Open MPI's, between ranks of a pod
  const Yaml::Block folder = yaml->Map("emptyDir");
  yaml->Text("medium", "Memory");
  yaml->Text("sizeLimit", "1Gi");
}

void AddResources(const PodResources& resources, Yaml* yaml) {
  const Yaml::Block block = yaml->Map("resources");
  for (const char* kind : {"requests", "limits"}) {
    const Yaml::Block amounts = yaml->Map(kind);
    yaml->Text("cpu", StrCat(resources.cpus));
    yaml->Text("memory", StrCat(resources.memory_mib, "Mi"));
  }
}

// The launcher's pod starts ranks over ssh, servers first, and goes on from the newest checkpoint however often it is
// started. ssh must not ask about unknown hosts, since nobody could answer.
std::vector<std::string> LauncherWords(const JobPlan& plan) {
  return {"mpirun",
          "-n",
          StrCat(plan.rank_size()),
          "--bind-to",
          "none",
          "--mca",
          "plm_rsh_args",
          "-o ConnectionAttempts=10 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
          "--mca",
          "oob_tcp_keepalive_time",
          "30",
          "--mca",
          "oob_tcp_keepalive_intvl",
          "10",
          "--mca",
          "oob_tcp_keepalive_probes",
          "3",
          "--mca",
          "odls_base_sigkill_timeout",
          "60",
          "/usr/local/bin/chorus",
          "train",
          "--config",
          kJobFile,
          "--resume"};
}

// A worker's pod runs sshd with host keys that it makes itself, since the image has none. The
// operator mounts the job's keys with modes that StrictModes refuses.
constexpr char kSshd[] =
    "ssh-keygen -A && mkdir -p /run/sshd && exec /usr/sbin/sshd -De -o StrictModes=no "
    "-o PermitRootLogin=prohibit-password -o PasswordAuthentication=no -o UsePAM=no";

void AddContainer(const char* name, const std::vector<std::string>& command,
                  const PodResources& resources, const KubernetesOptions& options, Yaml* yaml) {
  const Yaml::Block containers = yaml->Map("containers");
  const Yaml::Block item = yaml->Item();
  yaml->Text("name", name);
  yaml->Text("image", options.image);
  yaml->Words("command", command);
  yaml->Text("workingDir", options.mount);
  AddResources(resources, yaml);
  AddMounts(options, yaml);
}

void AddReplicas(const char* role, uint32_t replicas, const std::vector<std::string>& command,
                 const PodResources& resources, const KubernetesOptions& options, Yaml* yaml) {
  const Yaml::Block block = yaml->Map(role);
  yaml->Number("replicas", replicas);
  yaml->Text("restartPolicy", role == std::string("Launcher") ? "Never" : "OnFailure");
  const Yaml::Block pod = yaml->Map("template");
  const Yaml::Block spec = yaml->Map("spec");
  yaml->Number("terminationGracePeriodSeconds", 120);  // for a checkpoint
  AddContainer(role == std::string("Launcher") ? "launcher" : "worker", command, resources, options,
               yaml);
  AddVolumes(options, yaml);
}

void AddJob(const JobPlan& plan, const KubernetesOptions& options, Yaml* yaml) {
  AddMeta("MPIJob", "kubeflow.org/v2beta1", options.name, yaml);
  const Yaml::Block spec = yaml->Map("spec");
  yaml->Number("slotsPerWorker", SlotsOfPod(plan));
  yaml->Text("mpiImplementation", "OpenMPI");
  yaml->Text("sshAuthMountPath", "/root/.ssh");
  yaml->Text("launcherCreationPolicy", "WaitForWorkersReady");
  {
    const Yaml::Block policy = yaml->Map("runPolicy");
    yaml->Text("cleanPodPolicy", "Running");
    yaml->Number("backoffLimit", 5);
  }
  const Yaml::Block replicas = yaml->Map("mpiReplicaSpecs");
  AddReplicas("Launcher", 1, LauncherWords(plan), {.memory_mib = 512, .cpus = 1}, options, yaml);
  AddReplicas("Worker", PodsOf(plan), {"/bin/sh", "-c", kSshd}, ResourcesOfPod(plan), options,
              yaml);
}

}  // namespace

std::string KubernetesName(const std::string& file) {
  std::string name = BaseName(file);
  name = name.substr(0, name.find('.'));
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 && byte < 128 ? static_cast<char>(std::tolower(byte)) : '-';
  }
  while (!name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) == 0) {
    name.erase(0, 1);
  }
  name = name.substr(0, kLongestName);
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "chorus" : name;
}

PodResources ResourcesOfPod(const JobPlan& plan) {
  const uint32_t slots = SlotsOfPod(plan);
  std::vector<double> bytes(PodsOf(plan));
  std::vector<uint32_t> threads(bytes.size());
  for (int r = 0; r < plan.rank_size(); ++r) {
    const PlanRank& rank = plan.rank(r);
    const uint32_t pod = static_cast<uint32_t>(r) / slots;
    bytes[pod] += kMemoryFactor * static_cast<double>(rank.memory_bytes()) +
                  static_cast<double>(IsServer(rank) ? kCheckpointBytes : 0);
    if (IsServer(rank)) threads[pod] += plan.layout().server_threads();
    if (IsWorker(rank)) threads[pod] += plan.layout().threads();
  }
  const double most = *std::max_element(bytes.begin(), bytes.end()) + double{kMemoryBesideBytes};
  const uint32_t cpus = *std::max_element(threads.begin(), threads.end());
  return {.memory_mib = static_cast<uint64_t>(most / (1 << 20)) + 1,
          .cpus = std::max(1u, std::min(cpus, plan.layout().cores()))};
}

Result<std::string> KubernetesObjects(const TrainConfig& config, const JobPlan& plan,
                                      const KubernetesOptions& options) {
  RETURN_IF_ERROR(CheckName(options.name));
  if (options.image.empty()) return InvalidArgument("--image: expected the name of an image");
  if (!options.mount.starts_with("/") || options.mount.size() < 2) {
    return InvalidArgument(
        StrCat("--mount: '", options.mount, "': expected a path like /work, and not the root"));
  }
  RETURN_IF_ERROR(CheckPaths(config, options.mount));
  Yaml yaml;
  yaml.Comment("A training job of Chorus for the MPI operator, from `chorus plan --kubernetes`.");
  yaml.Comment(
      "Before it: the operator, and the key that servers and workers prove themselves by:");
  yaml.Comment(StrCat("  kubectl create secret generic ", options.name,
                      "-key --from-file=job.key   # head -c 32 /dev/urandom > job.key"));
  AddConfigMap(PrintConfig(ConfigInPods(config, plan)), options.name, &yaml);
  if (options.claim.empty()) AddClaim(options, &yaml);
  AddJob(plan, options, &yaml);
  return yaml.text();
}

}  // namespace chorus::launch

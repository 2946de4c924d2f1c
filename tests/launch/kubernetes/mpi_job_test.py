"""chorus plan --kubernetes: a job's objects, against the schema of an MPIJob (kubeflow.org/v2beta1).

  mpi_job_test.py PROGRAM
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import strict_yaml

TEXT, NUMBER, FLAG = {"type": "text"}, {"type": "number"}, {"type": "flag"}


def a_map(required, optional=None):
    return {"type": "map", "required": required, "optional": optional or {}}


def a_list(of):
    return {"type": "list", "of": of}


AMOUNTS = a_map({"cpu": {"type": "text", "like": r"\d+"}, "memory": {"type": "text", "like": r"\d+Mi"}})
CONTAINER = a_map({"name": TEXT, "image": TEXT, "command": a_list(TEXT), "workingDir": TEXT,
                   "resources": a_map({"requests": AMOUNTS, "limits": AMOUNTS}),
                   "volumeMounts": a_list(a_map({"name": TEXT, "mountPath": {"type": "text", "like": r"/\S+"}},
                                                {"readOnly": FLAG}))})
VOLUME = a_map({"name": TEXT}, {
    "persistentVolumeClaim": a_map({"claimName": TEXT}), "configMap": a_map({"name": TEXT}),
    "secret": a_map({"secretName": TEXT, "defaultMode": NUMBER}), "emptyDir": a_map({"medium": TEXT, "sizeLimit": TEXT})})
POD = a_map({"spec": a_map({"containers": a_list(CONTAINER), "volumes": a_list(VOLUME),
                            "terminationGracePeriodSeconds": NUMBER})})
REPLICAS = a_map({"replicas": NUMBER, "template": POD,
                  "restartPolicy": {"type": "text", "like": "Always|OnFailure|Never|ExitCode"}})
NAME = {"type": "text", "like": r"[a-z]([-a-z0-9]*[a-z0-9])?"}
MPI_JOB = a_map({
    "apiVersion": {"type": "text", "like": r"kubeflow\.org/v2beta1"}, "kind": {"type": "text", "like": "MPIJob"},
    "metadata": a_map({"name": NAME}),
    "spec": a_map({"mpiReplicaSpecs": a_map({"Launcher": REPLICAS, "Worker": REPLICAS}), "slotsPerWorker": NUMBER,
                   "runPolicy": a_map({"cleanPodPolicy": {"type": "text", "like": "None|Running|All"},
                                       "backoffLimit": NUMBER}),
                   "mpiImplementation": {"type": "text", "like": "OpenMPI|Intel|MPICH"}, "sshAuthMountPath": TEXT,
                   "launcherCreationPolicy": {"type": "text", "like": "AtStartup|WaitForWorkersReady"}})})
CONFIG_MAP = a_map({"apiVersion": {"type": "text", "like": "v1"}, "kind": {"type": "text", "like": "ConfigMap"},
                    "metadata": a_map({"name": NAME}), "data": a_map({"job.textproto": TEXT})})
CLAIM = a_map({"apiVersion": {"type": "text", "like": "v1"}, "kind": {"type": "text", "like": "PersistentVolumeClaim"},
               "metadata": a_map({"name": NAME}),
               "spec": a_map({"accessModes": a_list({"type": "text", "like": "ReadWriteMany"}),
                              "resources": a_map({"requests": a_map({"storage": TEXT})})})})


def faults(value, schema, where="it"):
    """What in a value is not as the schema says; every field that the schema does not name is a fault, too."""
    python = {"text": str, "number": int, "flag": bool, "map": dict, "list": list}[schema["type"]]
    if type(value) is not python:
        return [f"{where} is {value!r}, expected a {schema['type']}"]
    found = []
    if "like" in schema and not re.fullmatch(schema["like"], value):
        found.append(f"{where} is {value!r}, expected {schema['like']}")
    if schema["type"] == "list":
        found += [f"{where} is empty"] if not value else []
        for i, item in enumerate(value):
            found += faults(item, schema["of"], f"{where}[{i}]")
    if schema["type"] == "map":
        fields = {**schema["required"], **schema["optional"]}
        found += [f"{where} lacks {key}" for key in schema["required"] if key not in value]
        for key, item in value.items():
            found += faults(item, fields[key], f"{where}.{key}") if key in fields else [f"{where}.{key} is unknown"]
    return found


class KubernetesTest(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([cls.program, "generate", "--set", "exposures=4000", "--output", "log"], check=True,
                       capture_output=True, cwd=cls.folder.name)
        with open(os.path.join(cls.folder.name, "My_Job.textproto"), "w") as job:
            job.write('data { log: "log" } step { grain_rows: 64 grains_per_step: 8 } model { tower { hidden: 8 } }\n'
                      'objective { esmm {} } checkpoint { directory: "ckpt" }\n')

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def plan(self, *words, code=0):
        command = [self.program, "plan", "--config", "My_Job.textproto", "--kubernetes", "-", "--cores", "16", *words]
        run = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=self.folder.name)
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stdout if code == 0 else run.stderr

    def objects(self, *words):
        return {item["kind"]: item for item in strict_yaml.documents(self.plan(*words))}

    def test_the_objects_are_those_of_their_schemas(self):
        text = self.plan("--servers", "2", "--workers", "4", "--threads", "3")
        found = strict_yaml.documents(text)
        self.assertEqual([item["kind"] for item in found], ["ConfigMap", "PersistentVolumeClaim", "MPIJob"])
        for item, schema in zip(found, (CONFIG_MAP, CLAIM, MPI_JOB)):
            self.assertEqual(faults(item, schema), [])
        try:
            import yaml
        except ImportError:
            return  # the strict reader has read it
        self.assertEqual(list(yaml.safe_load_all(text)), found)

    def test_each_host_of_the_plan_is_a_pod_with_room_for_its_ranks(self):
        job = self.objects("--servers", "1", "--workers", "4", "--hosts", "2", "--threads", "3")["MPIJob"]["spec"]
        replicas = job["mpiReplicaSpecs"]
        self.assertEqual(replicas["Launcher"]["replicas"], 1)
        self.assertEqual(replicas["Worker"]["replicas"], 2)
        self.assertEqual(job["slotsPerWorker"], 3)  # of 5 ranks
        command = replicas["Launcher"]["template"]["spec"]["containers"][0]["command"]
        self.assertEqual(command[:3], ["mpirun", "-n", "5"])
        self.assertEqual(command[-5:], ["/usr/local/bin/chorus", "train", "--config", "/etc/chorus/job/job.textproto",
                                        "--resume"])
        pod = replicas["Worker"]["template"]["spec"]["containers"][0]
        self.assertIn("/usr/sbin/sshd -De", pod["command"][-1])
        self.assertGreaterEqual(int(pod["resources"]["requests"]["cpu"]), 2 * 3)
        self.assertGreater(int(pod["resources"]["limits"]["memory"][:-2]), 512)

    def test_pods_are_as_many_as_mpirun_fills(self):
        job = self.objects("--servers", "1", "--workers", "8", "--hosts", "4", "--threads", "3")["MPIJob"]["spec"]
        pods = job["mpiReplicaSpecs"]["Worker"]
        self.assertEqual((job["slotsPerWorker"], pods["replicas"]), (3, 3))  # not four, one of them idle
        amounts = pods["template"]["spec"]["containers"][0]["resources"]["requests"]
        self.assertGreaterEqual(int(amounts["cpu"]), 3 * 3)  # the second pod has three workers, no host of the plan has

    def test_every_mount_has_its_volume_and_the_names_agree(self):
        found = self.objects("--servers", "1", "--workers", "2")
        self.assertEqual(found["MPIJob"]["metadata"]["name"], "my-job")
        for role in found["MPIJob"]["spec"]["mpiReplicaSpecs"].values():
            pod = role["template"]["spec"]
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            self.assertEqual({mount["name"] for mount in pod["containers"][0]["volumeMounts"]}, set(volumes))
            self.assertEqual(volumes["volume"]["persistentVolumeClaim"]["claimName"],
                             found["PersistentVolumeClaim"]["metadata"]["name"])
            self.assertEqual(volumes["job"]["configMap"]["name"], found["ConfigMap"]["metadata"]["name"])
            self.assertEqual(volumes["key"]["secret"], {"secretName": "my-job-key", "defaultMode": 0o400})

    def test_the_configuration_is_the_whole_job_with_the_key_of_its_secret(self):
        found = self.objects("--servers", "2", "--workers", "2", "--threads", "5")
        path = os.path.join(self.folder.name, "printed.textproto")
        with open(path, "w") as job:
            job.write(found["ConfigMap"]["data"]["job.textproto"])
        run = subprocess.run([self.program, "train", "--config", path, "--print-config"], capture_output=True, text=True,
                             cwd=self.folder.name, timeout=100)
        self.assertEqual(run.returncode, 0, run.stderr)
        for line in ("servers: 2", 'key_file: "/etc/chorus/key/job.key"', "threads: 5", 'directory: "ckpt"'):
            self.assertIn(line, run.stdout)

    def test_options_name_image_volume_and_job(self):
        found = self.objects("--workers", "2", "--image", "registry/chorus:1", "--claim", "mine", "--name", "a-job",
                             "--mount", "/data")
        self.assertNotIn("PersistentVolumeClaim", found)
        pod = found["MPIJob"]["spec"]["mpiReplicaSpecs"]["Worker"]["template"]["spec"]
        self.assertEqual(pod["containers"][0]["image"], "registry/chorus:1")
        self.assertEqual(pod["containers"][0]["workingDir"], "/data")
        self.assertEqual(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "mine")
        self.assertEqual(found["MPIJob"]["metadata"]["name"], "a-job")

    def test_what_no_pod_could_use_is_refused_by_name(self):
        self.assertIn("--name: 'A job'", self.plan("--workers", "2", "--name", "A job", code=1))
        self.assertIn("checkpoint.directory: /elsewhere/ckpt is not on the volume",
                      self.plan("--workers", "2", "--set", "checkpoint.directory=/elsewhere/ckpt", code=1))
        for field in ("warm_start.checkpoint", "evaluate.oracle", "report.trace.file"):
            for path in ("/elsewhere/it", "/work/../it", "../it"):
                self.assertIn(f"{field}: {path} is not on the volume",
                              self.plan("--workers", "2", "--set", "evaluate.log=log", "--set", f"{field}={path}", code=1))
        self.assertIn("--kubernetes is for one layout", self.plan("--workers", "1,2", code=1))
        self.assertIn("checkpoint.directory: a job in pods needs one",
                      self.plan("--workers", "2", "--set", "checkpoint.directory=", code=1))


if __name__ == "__main__":
    KubernetesTest.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()

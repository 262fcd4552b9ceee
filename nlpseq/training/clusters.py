"""Who the workers of a training are, by the environment: TF_CONFIG, Slurm or Kubernetes."""

import json
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from nlpseq.errors import InputError, shorten
from nlpseq.runtime.description import is_a

KUBERNETES = "NLPSEQ_KUBERNETES"  # environment variable with the label selector of the pods, such as "job-name=train"
PORT = 2222  # at which workers under Kubernetes listen


def resolver_of(environment: Mapping[str, str]) -> Any:
    """The `ClusterResolver` of an environment; None for one process.

    Raises:
        InputError: The environment is wrong.
    """
    resolvers: Any = tf.distribute.cluster_resolver
    if environment.get("TF_CONFIG"):
        _check_config(environment["TF_CONFIG"])
        resolver = resolvers.TFConfigClusterResolver()
    elif _slurm_tasks(environment.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        # Its counts of GPUs only bound the tasks of a node; by default it asks nvidia-smi, which CPU nodes lack.
        resolver = resolvers.SlurmClusterResolver(gpus_per_node=2**16, gpus_per_task=1, auto_set_gpu=False)
    elif environment.get(KUBERNETES):
        resolver = of_kubernetes(environment[KUBERNETES])
    else:
        return None
    jobs = resolver.cluster_spec().as_dict()
    return resolver if sum(map(len, jobs.values())) > 1 else None


def _slurm_tasks(text):
    if not text.isdecimal():
        raise InputError(f"the environment variable SLURM_STEP_NUM_TASKS must be a number, got {shorten(repr(text))}.")
    return int(text)


def _check_config(text):
    if not _is_config(text):
        raise InputError(
            "the environment variable TF_CONFIG must be JSON such as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}, '
            f"got {text[:200]!r}."
        )


def _is_config(text):
    """Whether a text is JSON of a cluster of a chief and workers with addresses, and of one of these."""
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not is_a(config, dict) or not is_a(config.get("cluster"), {str: [str]}) or not is_a(config.get("task"), dict):
        return False
    jobs, task = config["cluster"], config["task"]
    addresses, index = jobs.get(task.get("type"), []), str(task.get("index"))
    return set(jobs) <= {"chief", "worker"} and index.isdecimal() and int(index) < len(addresses)


def of_kubernetes(selector: str, client: Any = None) -> Any:
    """The `ClusterResolver` of the pods with a label, in the order of their addresses, of which this is one.

    Args:
        selector: The label selector, such as "job-name=train".
        client: Of the package kubernetes. Default that of the cluster in which this pod runs.

    Raises:
        InputError: This pod does not have the label.
    """
    import socket

    resolver = tf.distribute.cluster_resolver.KubernetesClusterResolver(
        {"worker": [selector]}, tf_server_port=PORT, override_client=client
    )
    addresses = sorted(resolver.cluster_spec().as_dict()["worker"])
    own = f"{socket.gethostbyname(socket.gethostname())}:{PORT}"
    if own not in addresses:
        raise InputError(f"{KUBERNETES} {selector!r} selects the pods {', '.join(addresses)}, of which {own} is none.")
    spec = tf.train.ClusterSpec({"worker": addresses})
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        spec, task_type="worker", task_id=addresses.index(own), rpc_layer="grpc"
    )

#!/usr/bin/env python3
"""S3 on this machine, by moto: s3_server.py serve, or s3_server.py put PORT KEY FILE

serve prints a line "listening at N" once the bucket `test` is there, and stays until it is ended. put makes an object of a file. Exit
code 3: there is no moto.
"""
import http.client
import signal
import sys
import urllib.parse


# Moto wants a signature and does not verify it.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
                           "SignedHeaders=host, Signature=0"}


def request(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, SIGNED)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"{method} {path}: {answer.status} {text}")


def main():
    if sys.argv[1] == "put":
        _, _, port, key, name = sys.argv
        with open(name, "rb") as file:
            request(int(port), "PUT", "/test/" + urllib.parse.quote(key), file.read())
        return
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        print(error)
        sys.exit(3)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    request(port, "PUT", "/test")
    print("listening at", port, flush=True)
    signal.pause()


main()

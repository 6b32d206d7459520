# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL with TLS, and users of every kind of password."""

import os
import shutil

import certificates
from servers import copy_of


class Secured:
    """A PostgreSQL server, its authority and another one that has nothing to do with it."""

    def __init__(self, directory, template):
        self.authority = certificates.Authority(directory, "authority")
        self.stranger = certificates.Authority(directory, "stranger")
        self.cluster = copy_of(template, directory)
        self.password = self.cluster.password
        self.use(*self.authority.sign("server", "localhost"))
        shutil.copy(self.authority.certificate, self.cluster.directory / "root.crt")
        rules = self.cluster.directory / "pg_hba.conf"
        rules.write_text(
            "hostssl all certified 127.0.0.1/32 cert\nhost all cleartext 127.0.0.1/32 password\n"
            "host all hashed 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        if os.geteuid() == 0:
            shutil.chown(self.cluster.directory / "root.crt", "postgres")
        self.cluster.start("fsync=off", "ssl=on", "ssl_ca_file=root.crt")

    def use(self, certificate, key):
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            target = self.cluster.directory / name
            shutil.copy(source, target)
            target.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(target, "postgres")

    def dsn(self, user="postgres", host="localhost", password=None, **options):
        words = {"hostaddr": "127.0.0.1", **options}
        query = "&".join(f"{key}={value}" for key, value in words.items())
        return f"postgresql://{user}:{password or self.password}@{host}:{self.cluster.port}/postgres?{query}"

    def verified(self, **options):
        return self.dsn(sslmode="verify-full", sslrootcert=self.authority.certificate, **options)

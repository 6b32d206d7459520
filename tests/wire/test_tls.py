# SPDX-License-Identifier: Apache-2.0
"""TLS to PostgreSQL and to HeliosDB Nano: what is let in, and what each refusal says."""

import time

import certificates
import clusters
from servers import HeliosDB, ask, open_at, postgresql, refusal


def test_a_verified_link_is_encrypted(secured):
    conn = open_at(secured.verified())
    conn.execute("CREATE TABLE t(a)")
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)
    ours = "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'libheliosdb'"
    assert ask(secured.dsn(), ours) == [(True, "TLSv1.3")]
    conn.close()


def test_a_root_certificate_that_is_another_one_is_refused(secured):
    dsn = secured.dsn(sslmode="verify-full", sslrootcert=secured.stranger.certificate)
    refusal(dsn, secured.password, "certificate verify failed", "sslrootcert=FILE")


def test_a_root_certificate_that_is_not_there_is_refused(secured):
    refusal(secured.dsn(sslmode="verify-full"), secured.password, 'root certificate file "/nowhere" does not exist', "sslrootcert=FILE")


def test_a_host_name_that_the_certificate_is_not_made_for_is_refused(secured):
    dsn = secured.verified(host="127.0.0.1")
    refusal(dsn, secured.password, 'server certificate for "localhost"', 'does not match host name "127.0.0.1"', "use a host name")


def test_an_expired_certificate_is_refused(secured):
    secured.use(*secured.authority.sign("expired", "localhost", days=-1))
    secured.cluster.control("reload")
    try:
        end = time.monotonic() + 60
        while True:  # the reload takes its time
            try:
                open_at(secured.verified()).close()
            except Exception:
                break
            assert time.monotonic() < end
        refusal(secured.verified(), secured.password, "certificate verify failed", "must not be expired")
    finally:
        secured.use(*secured.authority.sign("again", "localhost"))
        secured.cluster.control("reload")
        while time.monotonic() < end + 60:
            try:
                open_at(secured.verified()).close()
                break
            except Exception:
                time.sleep(0.05)


def test_a_server_without_tls_is_refused_where_tls_is_required(template):
    with postgresql(template) as plain:
        refusal(f"{plain.dsn()}?sslmode=require", plain.password, "server does not support SSL", "turn TLS on at the server")


def test_a_client_is_known_by_its_certificate(secured):
    open_at(secured.dsn()).close()
    ask(secured.dsn(), "CREATE ROLE certified LOGIN SUPERUSER")
    certificate, key = secured.authority.sign("client", "certified")
    options = {"user": "certified", "password": "unused-password"}
    open_at(secured.verified(sslcert=certificate, sslkey=key, **options)).close()
    text = refusal(secured.verified(**options), "unused-password", "certificate", "sslcert=FILE", sqlstate="28000")
    assert "sslkey=FILE" in text
    certificate, key = secured.authority.sign("other", "somebody")
    refusal(secured.verified(sslcert=certificate, sslkey=key, **options), "unused-password",
            'certificate authentication failed for user "certified"', sqlstate="28000")


def test_heliosdb_is_verified_as_well():
    with clusters.place() as directory:
        authority, stranger = (certificates.Authority(directory, name) for name in ("authority", "stranger"))
        certificate, key = authority.sign("server", "localhost")
        server = HeliosDB(directory / "heliosdb")
        try:
            server.start("--tls-cert", certificate, "--tls-key", key, "--require-tls")
            base = f"postgresql://postgres:{server.password}@localhost:{server.port}/heliosdb?hostaddr=127.0.0.1&sslmode="
            conn = open_at(f"{base}verify-full&sslrootcert={authority.certificate}")
            conn.execute("CREATE TABLE t(a)")
            conn.execute("INSERT INTO t VALUES ('row')")
            assert conn.execute("SELECT a FROM t").fetchall() == [("row",)]
            conn.close()
            refusal(f"{base}verify-full&sslrootcert={stranger.certificate}", server.password, "certificate verify failed")
            # It gives no reason.
            refusal(f"{base}disable", server.password, "--require-tls", sqlstate="53300")
        finally:
            server.stop()

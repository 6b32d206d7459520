# SPDX-License-Identifier: Apache-2.0
"""How a password is asked for: SCRAM bound to the TLS channel, md5, plain; and somebody in between."""

import ctypes.util

import certificates
import clusters
import pytest
from between import InBetween
from servers import ask, heliosdb, open_at, refusal

MODERN = ctypes.CDLL(ctypes.util.find_library("pq")).PQlibVersion() >= 160000


def test_channel_binding_works_over_tls(secured):
    open_at(secured.verified(channel_binding="require")).close()


def test_channel_binding_is_refused_without_tls(secured):
    refusal(secured.dsn(sslmode="disable", channel_binding="require"), secured.password, "channel binding", "needs TLS")


def test_heliosdb_does_not_offer_channel_binding():
    with clusters.place() as directory:
        certificate, key = certificates.Authority(directory, "authority").sign("server", "localhost")
        with heliosdb("--tls-cert", certificate, "--tls-key", key) as engine:
            dsn = f"{engine.dsn()}?sslmode=require&channel_binding=require"
            refusal(dsn, engine.password, "did not offer", "sslmode=verify-full does for it")


@pytest.mark.parametrize("hides", [False, True])
def test_somebody_in_between_is_found_out_by_scram(secured, hides):
    """Even with sslmode=require, which believes any certificate: PostgreSQL knows its own."""
    certificate, key = secured.stranger.sign("between", "localhost")
    with InBetween(secured.cluster.port, certificate, key, hides_binding=hides) as between:
        dsn = secured.dsn(sslmode="require").replace(f":{secured.cluster.port}/", f":{between.port}/")
        refusal(dsn, secured.password, "somebody is between", sqlstate="28000")
        assert between.relayed > 0
        refusal(f"{dsn}&sslrootcert={secured.authority.certificate}".replace("require", "verify-full"), secured.password,
                "certificate verify failed")


def test_a_server_that_asks_for_the_plain_password_does_not_get_it_where_binding_is_required(secured):
    ask(secured.dsn(), "CREATE ROLE cleartext LOGIN SUPERUSER PASSWORD 'password-of-cleartext'")
    options = {"user": "cleartext", "password": "password-of-cleartext"}
    open_at(secured.verified(**options)).close()
    refusal(secured.verified(channel_binding="require", **options), "password-of-cleartext", "channel binding", "needs TLS")
    refusal(secured.verified(user="cleartext", password="wrong-password"), "wrong-password", "authentication failed", sqlstate="28P01")


def test_md5_lets_in_by_the_password_and_says_nothing_of_it(secured):
    ask(secured.dsn(), "SET password_encryption = md5")
    ask(secured.dsn(), "DO $$ BEGIN SET password_encryption = md5; CREATE ROLE hashed LOGIN SUPERUSER PASSWORD 'password-of-hashed'; END $$")
    options = {"user": "hashed", "password": "password-of-hashed"}
    open_at(secured.verified(**options)).close()
    refusal(secured.verified(channel_binding="require", **options), "password-of-hashed", "channel binding")
    refusal(secured.verified(user="hashed", password="wrong-password"), "wrong-password", "authentication failed", sqlstate="28P01")


def test_require_auth_is_kept_to_or_is_unknown_to_an_old_libpq(secured):
    dsn = secured.verified(user="hashed", password="password-of-hashed", require_auth="scram-sha-256")
    refusal(dsn, "password-of-hashed", "authentication method requirement" if MODERN else "invalid URI query parameter")

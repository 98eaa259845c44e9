"""`sekimori-dashboard`: the commands of the dashboard's machine. What a person does in a browser is not here.

sekimori-dashboard key                                   this dashboard's key, for `sekimori trust` at the site's console
sekimori-dashboard key --next, then --switch             another key, without losing a request
sekimori-dashboard trust KEY --site factory              pins the site's key
sekimori-dashboard create-operator 花子 --site factory --operator 1
sekimori-dashboard certificate --name dashboard.example   HTTPS under an authority of one's own
sekimori-dashboard notify 花子 --service mail             who is told what falls due, and how; --test tries it
sekimori-dashboard run
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sdnotify import SystemdNotifier
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from controller.record.keys import BadKey, PublicKeys
from dashboard import accounts, certificates, own_key, pins
from dashboard.accounts import BadAccount
from dashboard.composition import following, make_runtime, own_keys, stop_on_bug
from dashboard.config import FILE, BadConfig, Config, load
from dashboard.console import Console, Lang
from dashboard.database import open_engine
from dashboard.intake.rebuild import rebuild as refold
from dashboard.log import write_log
from dashboard.notify.addresses import BadAddresses
from dashboard.notify.console import WHY, BadNotify, Desk
from dashboard.notify.services import BadServices
from dashboard.server import Server
from dashboard.tls.authority import BadAuthority, BadName
from dashboard.tls.certificate import BadCertificate, Served
from dashboard.tls.certificate import read as read_certificate

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

Data = Annotated[Path, typer.Option("--data", help="Folder of keys, dashboard.toml and database.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for programs.")]
Language = Annotated[Lang | None, typer.Option("--lang", help="ja or en; else the terminal's.")]
Site = Annotated[str, typer.Option("--site", help="The site's name.")]
HERE = Path("dashboard-data")


@contextmanager
def _told(console: Console) -> Iterator[None]:
    """Turns what a person can mend into one message and exit code 2."""
    try:
        yield
    except BadConfig as error:
        lines = "\n".join(error.mistakes)
        console.fail(f"{FILE} に誤りがあります。\n{lines}", f"{FILE} has mistakes.\n{lines}", code="config",
                     mistakes=error.mistakes)  # fmt: skip
    except (BadCertificate, BadAuthority) as error:
        console.fail(f"証明書を使えません：{error}", f"The certificate cannot be used: {error}", code="certificate")
    except BadKey as error:
        console.fail(f"鍵を使えません：{error}", f"The key cannot be used: {error}", code="key")
    except (DBAPIError, ArgumentError, NoSuchModuleError, ImportError) as error:
        why = type(error).__name__
        console.fail(f"データベースを開けません（{why}）。", f"The database cannot be opened ({why}).", code="database")
    except OSError as error:
        why = f"{error.filename or ''}: {error.strerror or error}"
        console.fail(f"開けません：{why}", f"Cannot open {why}", code="file")


def _url(config: Config, port: int) -> str:
    """Where a browser on this machine's network finds the pages: by a name of the certificate where there is one."""
    host = config.listen_host
    names = read_certificate(config.tls.certificate).names if config.tls is not None else ()
    if names and (host in ("0.0.0.0", "::") or host not in names):  # noqa: S104 - compared, not bound
        host = names[0].replace("*", "www", 1)
    scheme = "https" if config.tls is not None else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


@app.command()
def key(
    following: Annotated[bool, typer.Option("--next", help="Make the key that will follow it, and print that.")] = False,
    switch: Annotated[bool, typer.Option("--switch", help="Put the next key in its place.")] = False,
    data: Data = HERE,
    json: Json = False,
    lang: Language = None,
) -> None:
    """Print this dashboard's public key, which a site's console has to trust; or change it, in two steps."""
    console = Console(lang, json)
    with _told(console):
        if switch:
            _switch(console, data)
            return
        public = own_key.prepare(data) if following else own_keys(data).public
    if not following:
        console.done(public.text(), public.text(), key=public.text(), id=public.id)
        return
    console.done(
        f"{public.text()}\n各拠点で sekimori trust を実行し、ブローカーに番号 {public.id} を登録してから、"
        "key --switch を実行してください。",
        f"{public.text()}\nTrust it at each site's console (sekimori trust), give {public.id} its account at the broker, "
        "then run key --switch.",
        key=public.text(), id=public.id,
    )  # fmt: skip


def _switch(console: Console, data: Path) -> None:
    config = load(data)
    old = own_keys(data).public.id
    engine = open_engine(config.database_url)
    try:
        fresh = own_key.switch(data, engine, config.sites)
    except own_key.NoNextKey:
        console.fail("先に key --next を実行してください。", "Run key --next first.", code="next", exit_code=1)
    except own_key.NotTrusted as error:
        sites = ", ".join(error.sites)
        console.fail(
            f"次の鍵をまだ信頼していない拠点があります：{sites}。何も変えていません。",
            f"These sites have not said yet that they trust the next key: {sites}. Nothing was changed.",
            code="trust", exit_code=1, sites=error.sites,
        )  # fmt: skip
    finally:
        engine.dispose()
    console.done(
        f"鍵を切り替えました（{fresh.id}）。ダッシュボードを再起動し、その後に各拠点で "
        f"sekimori trust --revoke {old} を実行してください。",
        f"Switched to {fresh.id}. Restart the dashboard, and then revoke the old key at each site: "
        f"sekimori trust --revoke {old}",
        key=fresh.text(), id=fresh.id, old=old,
    )  # fmt: skip


@app.command()
def trust(
    site_key: Annotated[str, typer.Argument(metavar="SITE-KEY", help="The line that the site's console printed.")],
    site: Site,
    replace: Annotated[bool, typer.Option("--replace", help="The site has a new key.")] = False,
    data: Data = HERE,
    json: Json = False,
    lang: Language = None,
) -> None:
    """Pin a site's key: from now on only its signatures count as that site's word."""
    console = Console(lang, json)
    with _told(console):
        try:
            keys = PublicKeys.parse(site_key)
            changed = pins.pin(data, site, keys, replace=replace)
        except pins.AlreadyPinned:
            console.fail(
                f"{site} には別の鍵が登録されています。入れ替えるときは --replace を付けてください。",
                f"Another key is pinned for {site}. To replace it, add --replace.",
                code="pinned",
                exit_code=1,
            )
    ja = f"{site} の鍵を登録しました。動作中の場合は再起動してください。" if changed else f"{site} の鍵は登録済みです。"
    en = (
        f"Pinned the key of {site}. Restart a running dashboard."
        if changed
        else f"The key of {site} is pinned already."
    )
    console.done(ja, en, site=site, id=keys.id, changed=changed)


@app.command("create-operator")
def create_operator(
    name: Annotated[str, typer.Argument(help="What the person signs in as.")],
    site: Site,
    operator: Annotated[int, typer.Option(min=1, help="The operator's number at that site.")],
    new_code: Annotated[bool, typer.Option("--new-code", help="Take the password away and print a new code.")] = False,
    data: Data = HERE,
    json: Json = False,
    lang: Language = None,
) -> None:
    """Make an account, and print a one-time code with which its owner chooses a password."""
    console = Console(lang, json)
    with _told(console):
        config = load(data)
        if site not in config.sites:
            console.fail(
                f"拠点 {site} の鍵が登録されていません。先に trust を実行してください。",
                f"No key is pinned for the site {site}. Run trust first.",
                code="site",
                exit_code=1,
            )
        engine = open_engine(config.database_url)
        try:
            code = accounts.create(engine, name, site, operator, datetime.now(UTC), fresh_code=new_code)
        except BadAccount as error:
            _refuse(console, error.why, name, site, operator)
        finally:
            engine.dispose()
    url = f"{_url(config, config.listen_port)}/welcome"
    if code is None:
        console.done(
            f"{name} は登録済みです。新しいコードが必要なときは --new-code を付けてください。",
            f"{name} has an account already. For a new code, add --new-code.",
            name=name, site=site, operator=operator, code=None, url=url,
        )  # fmt: skip
        return
    console.done(
        f"{url} を開き、名前とコード {code} を入力してください（30分有効）。",
        f"Open {url} and enter the name and the code {code} (valid for 30 minutes).",
        name=name, site=site, operator=operator, code=code, url=url,
    )  # fmt: skip


def _refuse(console: Console, why: str, name: str, site: str, operator: int) -> NoReturn:
    said = {
        "name": ("名前は1～64文字です。", "A name has 1 to 64 characters."),
        "exists": (
            f"{name} は {site} で別の操作者番号に登録されています。",
            f"{name} is another operator at {site} already.",
        ),
        "operator": (
            f"{site} の操作者 {operator} は別のアカウントのものです。",
            f"Operator {operator} of {site} belongs to another account.",
        ),
    }[why]
    console.fail(*said, code=why, exit_code=1)


@app.command()
def rebuild(data: Data = HERE, json: Json = False, lang: Language = None) -> None:
    """Fold the tables anew from the stored records."""
    console = Console(lang, json)
    with _told(console):
        engine = open_engine(load(data).database_url)
        done = refold(engine)
        engine.dispose()
    total = sum(done.values())
    console.done(
        f"{total}件の記録から表を作り直しました。", f"Folded the tables anew from {total} records.", records=done
    )


@app.command()
def certificate(
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A host name or address by which browsers come; repeat it.")
    ] = None,
    renew: Annotated[bool, typer.Option("--renew", help="A new certificate for the same names.")] = False,
    new_ca: Annotated[
        bool, typer.Option("--new-ca", help="A new authority too: everybody has to install it again.")
    ] = False,
    data: Data = HERE,
    json: Json = False,
    lang: Language = None,
) -> None:
    """Make or renew the certificate of the pages under an authority of one's own, or tell how it stands."""
    console = Console(lang, json)
    with _told(console):
        now = datetime.now(UTC)
        try:
            if name or renew or new_ca:
                certificates.make(data, name or [], now, new_ca=new_ca)
            state = certificates.stand(load(data), now)
        except certificates.NoCertificate:
            console.fail(*certificates.NONE, code="none", exit_code=1)
        except BadName as error:
            console.fail(*certificates.said_of(error), code=error.why, exit_code=1, names=error.names)
    ja, en = certificates.told(state)
    console.done(ja, en, **state.facts())
    if state.ends_soon:
        raise typer.Exit(1)


def _asked_address() -> str:
    """Typed without being shown, because it may be a token; or the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(typer.prompt("宛先 / Address", hide_input=True, err=True))
    return sys.stdin.readline(1000)


@app.command()
def notify(
    name: Annotated[str | None, typer.Argument(help="An account; all without it.")] = None,
    service: Annotated[str, typer.Option("--service", help="Tell the account by this service of [notify].")] = "",
    language: Annotated[Lang, typer.Option("--language", help="In which language.")] = Lang.JA,
    off: Annotated[bool, typer.Option("--off", help="Tell the account nothing any more.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Send a test message now.")] = False,
    data: Data = HERE,
    json: Json = False,
    lang: Language = None,
) -> None:
    """Who is told what falls due, and by which service. The address is asked for, or read from standard input."""
    console = Console(lang, json)
    with _told(console):
        config = load(data)
        engine = open_engine(config.database_url)
        try:
            if config.notify is None:
                raise BadNotify("unused")
            desk = Desk(engine, data, config.notify)
            if name is not None and service:
                desk.put(name, service, language, _asked_address)
            if name is not None and off:
                desk.off(name)
            tested = desk.test(name) if test else {}
            lines = desk.lines()
        except (BadNotify, BadAccount) as error:
            console.fail(*WHY.get(error.why, WHY["account"]), code=error.why, exit_code=1)
        except (BadServices, BadAddresses) as error:
            console.fail(f"使えません：{error}", f"Cannot be used: {error}", code="notify")
        finally:
            engine.dispose()
    said = [f"{one.name}\t{one.service}\t{one.lang}\t{one.failing_since or '-'}" for one in lines]
    said += [f"{who}\t{'OK' if taken else 'NG'}" for who, taken in tested.items()]
    nobody_ja, nobody_en = "通知を受ける人はいません。", "Nobody is told anything."
    console.done("\n".join(said) or nobody_ja, "\n".join(said) or nobody_en, told=[one.facts() for one in lines], tested=tested)
    if not all(tested.values()):
        raise typer.Exit(1)


@app.command()
def run(data: Data = HERE, json: Json = False, lang: Language = None) -> None:
    """Follow the sites and serve the pages, until SIGTERM or ctrl-C."""
    console = Console(lang, json)
    with _told(console):
        runtime = make_runtime(data)
        write_log()
        from dashboard.metrics import exposed  # here, so that the other commands start without Flask
        from dashboard.web import create_app

        config = runtime.config
        served = None if config.tls is None else Served(config.tls.certificate, config.tls.key)
        web = create_app(runtime, served=served)
        server = Server(web, config.listen_host, config.listen_port, served, config.trusted_proxy)
        around = ExitStack()
        around.enter_context(exposed(runtime.measures, config.metrics, runtime.engine, server))
    stop_on_bug()

    def end(_signal: int, _frame: object) -> NoReturn:
        runtime.changed.close()  # streams end first: the server waits for its threads
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    url = _url(config, server.port)
    systemd = SystemdNotifier()
    try:
        with around, following(runtime):
            console.done(f"{url} で動作しています。", f"Running at {url}", url=url, id=runtime.keys.public.id)
            sys.stdout.flush()
            systemd.notify("READY=1")
            server.run()
    finally:
        systemd.notify("STOPPING=1")
        server.close()
        runtime.engine.dispose()


def main() -> None:
    """The console script. What it makes, keys and database, its owner alone may read."""
    os.umask(0o077)
    app()

"""What the demo says, in both languages."""

import os

_TEXTS = {
    "making": {"ja": "{days}日分の記録を作っています", "en": "making {days} days of history"},
    "lock": {"ja": "錠まで", "en": "to the lock"},
    "dashboard": {"ja": "画面まで", "en": "to the dashboard"},
    "welcome": {
        "ja": "\n関守の体験版が動いています（錠は模擬です）。\n\n  {url}\n\nサインインできる人（名前、パスワード、役割）:",
        "en": "\nThe Sekimori demo is running (the locks are simulated).\n\n  {url}\n\nWho can sign in (name, password, role):",
    },
    "next": {
        "ja": "\n別の端末で次を試してください:\n"
        "  .venv/bin/sekimori tap suzuki@main{data}       # 入れる人\n"
        "  .venv/bin/sekimori tap stranger@main{data}     # 知らないバッジ\n"
        "  .venv/bin/sekimori tap copy@main{data}         # 番号だけの複製\n"
        "  .venv/bin/sekimori tap suzuki@dock --pin{data} # 暗証番号も要る扉（493817、脅されたら 180526）\n"
        "  .venv/bin/sekimori tap sato@keys{data}         # 鍵箱。続けて simulate type 5、simulate take 5、simulate hang k5 5\n"
        "  .venv/bin/sekimori cabinet{data}               # 鍵箱の鍵\n"
        "  .venv/bin/sekimori listen{data}                # 記録を流し見る\n"
        "Ctrl-C で終わります。",
        "en": "\nIn another terminal, try:\n"
        "  .venv/bin/sekimori tap suzuki@main{data}       # a right holder\n"
        "  .venv/bin/sekimori tap stranger@main{data}     # a badge nobody knows\n"
        "  .venv/bin/sekimori tap copy@main{data}         # a copied number without the key\n"
        "  .venv/bin/sekimori tap suzuki@dock --pin{data} # a door that asks for a PIN too (493817; under duress 180526)\n"
        "  .venv/bin/sekimori tap sato@keys{data}         # the key cabinet; then simulate type 5, take 5, hang k5 5\n"
        "  .venv/bin/sekimori cabinet{data}               # its keys\n"
        "  .venv/bin/sekimori listen{data}                # the records as they come\n"
        "Ctrl-C ends it.",
    },
    "ended": {"ja": "{process} が止まりました。{log} を見てください。", "en": "{process} has ended; see {log}"},
    "hand_typed": {"ja": "{digits}# を押しました", "en": "{digits}# pressed"},
    "hand_not_asked": {"ja": "鍵箱のキーパッドが応答しません", "en": "the cabinet's keypad does not take it"},
    "hand_cut": {"ja": "{tether} のワイヤーを切りました", "en": "the wire of {tether} is cut"},
    "hand_mended": {"ja": "{tether} のワイヤーをつなぎました", "en": "the wire of {tether} is whole again"},
    "hand_taken": {"ja": "{slot}番の鍵を取り出しました", "en": "the key of no. {slot} is out"},
    "hand_held": {"ja": "{slot}番からは取り出せません", "en": "nothing comes out of no. {slot}"},
    "hand_hung": {"ja": "{key} を{slot}番に掛けました", "en": "{key} hangs in no. {slot}"},
    "hand_full": {"ja": "{slot}番は空いていません", "en": "there is no room in no. {slot}"},
    "hand_stuck": {"ja": "{slot}番の検知器が固着しました", "en": "the sensor of no. {slot} sticks"},
    "hand_works": {"ja": "{slot}番の検知器は元どおりです", "en": "the sensor of no. {slot} works again"},
    "no_demo": {
        "ja": "ここに体験版はありません。先に sekimori demo を動かしてください。",
        "en": "no demo here; start `sekimori demo` first",
    },
}


def text(name: str, lang: str, **values: object) -> str:
    """The text in `ja` or `en`; an empty `lang` is that of the terminal."""
    return _TEXTS[name][lang or terminal_language()].format(**values)


def terminal_language() -> str:
    """`ja` where the terminal's LANG or LC_ALL says so, else `en`."""
    return "ja" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("ja") else "en"

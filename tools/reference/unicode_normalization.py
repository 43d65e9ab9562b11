"""Writes src/Qua2SeDiMo/Diffusion/Tokenizers/UnicodeNormalization.txt from Python's Unicode database.

Only needed to follow a new Unicode version: python3 tools/reference/unicode_normalization.py
"""
import pathlib
import sys
import unicodedata

TARGET = pathlib.Path(__file__).parents[2] / "src/Qua2SeDiMo/Diffusion/Tokenizers/UnicodeNormalization.txt"
HANGUL = range(0xAC00, 0xD7A4)


def main():
    lines = [f"# Unicode {unicodedata.unidata_version}: canonical combining classes (first-last class), then canonical"]
    lines.append("# decompositions (code = parts; '>' where the parts compose again). Hexadecimal; Hangul is algorithmic.")
    start, previous, current = None, None, 0
    for code in range(sys.maxunicode + 2):
        value = unicodedata.combining(chr(code)) if code <= sys.maxunicode else 0
        if value != current:
            if current:
                lines.append(f"{start:X}-{previous:X} {current}")
            start, current = code, value
        previous = code
    for code in range(sys.maxunicode + 1):
        mapping = unicodedata.decomposition(chr(code))
        if not mapping or mapping.startswith("<") or code in HANGUL:
            continue
        parts = [int(part, 16) for part in mapping.split()]
        composes = len(parts) == 2 and unicodedata.normalize("NFC", "".join(map(chr, parts))) == chr(code)
        lines.append(f"{code:X}{'>' if composes else '='}{' '.join(f'{part:X}' for part in parts)}")
    TARGET.write_text("\n".join(lines) + "\n")


main()

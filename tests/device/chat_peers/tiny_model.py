"""Writes a model with random weights that llama.cpp can load: ``tiny_model.py FILE``.

Run by the environment of the chat peers. What it says makes no sense, and that is what it is for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gguf
import numpy as np

WIDTH, HEADS, LAYERS, SEED = 32, 2, 1, 1
WORDS = ("the", "sky", "is", "blue", "a", "bird", "can", "fly", "do", "you", ".", "?", "!")


def tokens() -> tuple[list[bytes], list[int]]:
    """Special tokens, all bytes, and a few words; and llama.cpp's kind of each."""
    special = [b"<unk>", b"<s>", b"</s>"]
    single = [f"<0x{byte:02X}>".encode() for byte in range(256)]
    words = [text.encode() for text in ("\u2581", *(f"\u2581{word}" for word in WORDS))]
    return special + single + words, [2, 3, 3] + [6] * 256 + [1] * len(words)


def write(path: Path) -> None:
    """Write the file."""
    draw = np.random.default_rng(SEED)
    listed, kinds = tokens()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(listed))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(listed)
    writer.add_token_scores([-1.0 if kind == 1 else 0.0 for kind in kinds])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    shapes = {"token_embd": (len(listed), WIDTH), "output": (len(listed), WIDTH)}
    ones = ["output_norm"]
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        ones += [f"{block}.attn_norm", f"{block}.ffn_norm"]
        shapes |= {f"{block}.attn_{each}": (WIDTH, WIDTH) for each in ("q", "k", "v", "output")}
        shapes |= {f"{block}.ffn_{each}": (2 * WIDTH, WIDTH) for each in ("gate", "up")}
        shapes[f"{block}.ffn_down"] = (WIDTH, 2 * WIDTH)
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", draw.normal(0.0, 0.3, shape).astype(np.float32))
    for name in ones:
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))

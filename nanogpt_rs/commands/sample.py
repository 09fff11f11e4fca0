"""The command ``model sample``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nanogpt_rs.commands.console import print_json, refuse_beside
from nanogpt_rs.commands.options import LEAST_SEED, MOST_SEED, AsJson
from nanogpt_rs.commands.train import SEED


def sample(
    context: typer.Context,
    checkpoint: Annotated[
        str, typer.Argument(help="A file that `nanogpt-rs model train --checkpoint` saved.")
    ],
    length: Annotated[
        int, typer.Option(min=0, help="Number of characters or tokens to write.")
    ] = 500,
    prompt: Annotated[
        str, typer.Option(help="Text for the model to go on from.", show_default="a line break")
    ] = "\n",
    temperature: Annotated[
        float, typer.Option(min=0.01, help="Above 1, rare characters or tokens become more likely.")
    ] = 1.0,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Draw only from this many likeliest characters or tokens.",
            show_default="all",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=LEAST_SEED, max=MOST_SEED, help="Seed of what is drawn.")
    ] = SEED,
    device: Annotated[str, typer.Option(help="Device to run the model on: cpu, cuda or mps.")] = (
        "cpu"
    ),
    as_json: AsJson = False,
) -> None:
    """Let a trained model write a text.

    For example: nanogpt-rs model sample run.pt --length 1000
    """
    if top == 1:
        refuse_beside(context, "--top 1", "temperature", "seed")
    from nanogpt_rs.training.corpus import encode_prompt, import_training

    training = import_training()
    texts = training.sample(
        checkpoint,
        length,
        prompt=prompt,
        seed=seed,
        temperature=temperature,
        top=top,
        device=device,
        encode=encode_prompt,
    )
    if as_json:
        from nanogpt_rs.commands.job_documents import SampledText

        print_json("model sample", SampledText(prompt, "".join(texts)))
        return
    sys.stdout.write(prompt.lstrip("\n"))
    for text in texts:
        sys.stdout.write(text)
        sys.stdout.flush()
    sys.stdout.write("\n")

"""What runs in the model's own process: requests come in, answers go out. No gold answer ever gets here."""

from pathlib import Path

from backend.domain import Message, Role
from backend.engines.local.generator import Generator
from backend.errors import ModelFault
from backend.isolation import Channel, keep_texts_out_of_the_log


def serve(channel: Channel) -> None:
    """Answers the trusted side's requests until it hangs up; a failure with a public code is told and ends nothing."""
    generator: Generator | None = None
    while True:
        request = channel.receive()
        try:
            match request["do"], generator:
                case "load", _:
                    folder = Path(request["folder"])
                    generator = Generator(folder, request["dtype"], request["batch_tokens"])
                    told = {"window": generator.window, "facts": generator.facts(folder), "reuse": generator.reuse}
                    channel.send(told)
                case "count", Generator():
                    turns = [Message(Role(turn["role"]), turn["content"]) for turn in request["messages"]]
                    channel.send({"tokens": generator.count(turns)})
                case "complete", Generator():
                    generator.complete(request["prompts"], channel.send)
        except ModelFault as fault:
            channel.send({"failure": str(fault.code)})


if __name__ == "__main__":
    keep_texts_out_of_the_log()
    serve(Channel())

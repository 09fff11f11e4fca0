"""The tasks: what a contender is given, what it must answer, and how that is checked.

A task is defined in a file of its family here and listed below; its implementations are rows of the
registry. No other code of ours names a task, except for the cases of the self-test.
"""

from nanogpt_rs.ruler.excerpts import excerpt, shown
from nanogpt_rs.ruler.tasks import (
    bpe,
    bpe_decoding,
    charset,
    charset_encode,
    count,
    decoders,
    encoders,
    prepare,
    shards,
)
from nanogpt_rs.ruler.tasks.charset import charset_difference
from nanogpt_rs.ruler.tasks.contract import (
    Example,
    Refusal,
    Task,
    broken,
    has_surrogate,
)
from nanogpt_rs.ruler.tasks.count import count_difference
from nanogpt_rs.ruler.tasks.decoders import (
    array_decoding_refusals,
    array_examples,
    call_array_decoder,
    call_list_decoder,
    list_decoding_refusals,
    list_examples,
    with_fresh_ids,
)
from nanogpt_rs.ruler.tasks.differences import (
    array_difference,
    list_difference,
    same_text,
    sequence_difference,
    share_memory,
    text_difference,
    vocabulary_and_ids_difference,
)
from nanogpt_rs.ruler.tasks.encoders import call_encoder, encoding_examples, encoding_refusals
from nanogpt_rs.ruler.tasks.inputs import (
    EDGES,
    TEXT_REFUSALS,
    call_on_text,
    characters_in_order,
    ids_of,
    vocabulary_and_ids_of,
    vocabulary_of,
    with_fresh_text,
)
from nanogpt_rs.ruler.tasks.prepare import share_tensor, tensor_difference
from nanogpt_rs.ruler.tasks.reading import (
    EDGES_IN_FILES,
    call_on_file,
    call_on_paths,
    file_examples,
    file_refusals,
    files_read,
)
from nanogpt_rs.ruler.tasks.shards import (
    call_on_file_and_folder,
    call_shards,
    shards_difference,
    shards_of,
    written_shards,
)
from nanogpt_rs.ruler.tasks.vocabularies import (
    MIXED,
    NARROW_IDS,
    build_encoder,
    building,
    using,
    vocabulary_refusals,
)
from nanogpt_rs.ruler.timing import Call

__all__ = [
    "EDGES",
    "EDGES_IN_FILES",
    "MIXED",
    "NARROW_IDS",
    "PREPARATION",
    "SHARDS",
    "TASKS",
    "TEXT_REFUSALS",
    "Call",
    "Example",
    "Refusal",
    "Task",
    "array_decoding_refusals",
    "array_difference",
    "array_examples",
    "broken",
    "build_encoder",
    "building",
    "call_array_decoder",
    "call_encoder",
    "call_list_decoder",
    "call_on_file",
    "call_on_file_and_folder",
    "call_on_paths",
    "call_on_text",
    "call_shards",
    "characters_in_order",
    "charset_difference",
    "count_difference",
    "encoding_examples",
    "encoding_refusals",
    "excerpt",
    "file_examples",
    "file_refusals",
    "files_read",
    "has_surrogate",
    "ids_of",
    "list_decoding_refusals",
    "list_difference",
    "list_examples",
    "same_text",
    "sequence_difference",
    "shards_difference",
    "shards_of",
    "share_memory",
    "share_tensor",
    "shown",
    "tensor_difference",
    "text_difference",
    "using",
    "vocabulary_and_ids_difference",
    "vocabulary_and_ids_of",
    "vocabulary_of",
    "vocabulary_refusals",
    "with_fresh_ids",
    "with_fresh_text",
    "written_shards",
]
"""The parts that a task can be built from, and the tasks."""

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        charset.CHARSET,
        encoders.ENCODE,
        encoders.ENCODE_ARRAY,
        count.COUNT,
        charset_encode.CHARSET_ENCODE,
        decoders.DECODE_LIST,
        decoders.DECODE_ARRAY,
        encoders.ENCODE_UINT8,
        encoders.ENCODE_INT64,
        prepare.PREPARE,
        shards.SHARDS,
        charset.FILE_CHARSET,
        *bpe.TASKS,
        *bpe_decoding.TASKS,
    )
}
"""All tasks by name. asv's classes and all tables have them in this order."""

PREPARATION = prepare.PREPARE.name
"""The name of the task whose contenders prepare files for training."""
SHARDS = shards.SHARDS.name
"""The name of the task whose contenders prepare files for training from a disk."""
TOKEN_TRAINING, TOKEN_ARRAYS = (task.name for task in bpe.JOB)
"""The names of the tasks whose contenders train a vocabulary of tokens, and encode to arrays."""

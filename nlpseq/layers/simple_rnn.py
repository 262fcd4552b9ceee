"""The plain recurrent layer."""

from typing import Any

import keras

from nlpseq.cells import SimpleRNNCell
from nlpseq.layers.cell_layer import CELL_ARGUMENTS, CellLayer


@keras.saving.register_keras_serializable("nlpseq")
class SimpleRNN(CellLayer):
    """Plain recurrent layer (Elman 1990); drop-in for `keras.layers.SimpleRNN`.

        h_t = tanh(W x_t + U h_{t-1} + b)

    Args:
        units: Positive integer, the size of the state.
        activation: The nonlinearity. Default "tanh"; None for the identity.
        use_bias: Whether there is a bias. Default True.
        kernel_initializer, recurrent_initializer, bias_initializer: Keras initializers.
            Default "glorot_uniform", "orthogonal", "zeros".
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer:
            Keras regularizers of the weights and of the outputs. Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: Keras constraints.
            Default None.
        dropout, recurrent_dropout: Rates of dropped inputs and recurrent inputs, in [0, 1],
            one mask a sequence. Default 0.
        seed: Integer seed of the random masks. Default None, random.
        return_sequences, return_state, go_backwards, stateful, unroll: as in
            `nlpseq.layers.RNN`. Default False.
        engine, time_major, recompute: as in `nlpseq.layers.RNN`. Default "auto", False, False.
        layer_normalization, zoneout, weight_dropout, trainable_initial_state: variants of
            every cell, as in `nlpseq.cells.RecurrentCell`. Default False, 0, 0, False.
        **kwargs: `implementation` as in `nlpseq.cells.RecurrentCell`, `zero_output_for_mask`
            as in `nlpseq.layers.RNN`, and `name`, `dtype`, `trainable` as in
            `keras.layers.Layer`.

    Call arguments, returns: as in `nlpseq.layers.RNN`.

    Weights:
        kernel W `(features, units)`, recurrent_kernel U `(units, units)`, bias b `(units,)`;
        those of the variants as in `nlpseq.cells.RecurrentCell`.

    Raises:
        ValueError: an argument is out of its range, and as in `nlpseq.layers.RNN`.

    Example:

    >>> tuple(SimpleRNN(4)(np.ones((2, 5, 3), "float32")).shape)
    (2, 4)

    Reference:
        Elman (1990), Finding structure in time.
    """

    cell_arguments = (*CELL_ARGUMENTS, "activation")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        *,
        engine: str = "auto",
        time_major: bool = False,
        recompute: bool = False,
        layer_normalization: bool = False,
        zoneout: float | list[float] = 0.0,
        weight_dropout: float = 0.0,
        trainable_initial_state: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            implementation=kwargs.pop("implementation", 2),
            layer_normalization=layer_normalization,
            zoneout=zoneout,
            weight_dropout=weight_dropout,
            trainable_initial_state=trainable_initial_state,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            engine=engine,
            time_major=time_major,
            recompute=recompute,
            **kwargs,
        )

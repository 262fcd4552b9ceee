"""The long short-term memory layer."""

from typing import Any

import keras

from nlpseq.cells import LSTMCell
from nlpseq.layers.cell_layer import CELL_ARGUMENTS, CellLayer, check_use_cudnn


@keras.saving.register_keras_serializable("nlpseq")
class LSTM(CellLayer):
    """Long short-term memory layer (Hochreiter and Schmidhuber 1997); drop-in for `keras.layers.LSTM`.

        i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)     input gate
        f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)     forget gate (Gers et al. 2000)
        g_t = tanh(W_c x_t + U_c h_{t-1} + b_c)        candidate
        o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)     output gate
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    The equations of the variants are in `nlpseq.cells.LSTMCell`.

    Args:
        units: Positive integer, the size of c_t, and of h_t without projection.
        activation: Nonlinearity of candidate and output. Default "tanh".
        recurrent_activation: Nonlinearity of the gates. Default "sigmoid".
        use_bias: Whether there is a bias. Default True.
        kernel_initializer, recurrent_initializer, bias_initializer: Keras initializers.
            Default "glorot_uniform", "orthogonal", "zeros".
        unit_forget_bias: Whether b_f starts at 1. Default True.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer:
            Keras regularizers of the weights and of the outputs. Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: Keras constraints.
            Default None.
        dropout, recurrent_dropout: Rates of dropped inputs and recurrent inputs, in [0, 1],
            one mask a sequence. Default 0.
        seed: Integer seed of the random masks. Default None, random.
        return_sequences, return_state, go_backwards, stateful, unroll: as in
            `nlpseq.layers.RNN`. Default False.
        use_cudnn: "auto" or False, which are the same; True raises an error when the layer is
            called. Default "auto".
        engine, time_major, recompute: as in `nlpseq.layers.RNN`. Default "auto", False, False.
        layer_normalization, zoneout, weight_dropout, trainable_initial_state: variants of
            every cell, as in `nlpseq.cells.RecurrentCell`. Default False, 0, 0, False.
        peephole, coupled_gates, projection_size, chrono_steps: variants of the LSTM, as in
            `nlpseq.cells.LSTMCell`. Default False, False, None, None.
        **kwargs: `implementation` as in `nlpseq.cells.RecurrentCell`, `zero_output_for_mask`
            as in `nlpseq.layers.RNN`, and `name`, `dtype`, `trainable` as in
            `keras.layers.Layer`.

    Call arguments, returns: as in `nlpseq.layers.RNN`, with states `[h, c]`.

    Weights:
        kernel W `(features, 4 * units)`, recurrent_kernel U `(units, 4 * units)`, bias b
        `(4 * units,)`, gate order i, f, c, o; those of the variants as in
        `nlpseq.cells.LSTMCell`.

    Raises:
        ValueError: an argument is out of its range, and as in `nlpseq.layers.RNN`.

    Example:

    >>> layer = LSTM(4, return_sequences=True, return_state=True)
    >>> [tuple(output.shape) for output in layer(np.ones((2, 5, 3), "float32"))]
    [(2, 5, 4), (2, 4), (2, 4)]

    Reference:
        Hochreiter and Schmidhuber (1997), Long short-term memory;
        Gers, Schmidhuber and Cummins (2000), Learning to forget.
    """

    cell_arguments = (
        *CELL_ARGUMENTS, "activation", "recurrent_activation", "unit_forget_bias",
        "peephole", "coupled_gates", "projection_size", "chrono_steps",
    )  # fmt: skip

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: bool | str = "auto",
        *,
        engine: str = "auto",
        time_major: bool = False,
        recompute: bool = False,
        layer_normalization: bool = False,
        zoneout: float | list[float] = 0.0,
        weight_dropout: float = 0.0,
        trainable_initial_state: bool = False,
        peephole: bool = False,
        coupled_gates: bool = False,
        projection_size: int | None = None,
        chrono_steps: float | None = None,
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
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
            peephole=peephole,
            coupled_gates=coupled_gates,
            projection_size=projection_size,
            chrono_steps=chrono_steps,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
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
        self.use_cudnn = check_use_cudnn(use_cudnn)

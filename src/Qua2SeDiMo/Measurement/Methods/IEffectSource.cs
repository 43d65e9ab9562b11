namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>A method to measure the effects of every option of every weight.</summary>
internal interface IEffectSource : IDisposable
{
    /// <summary>Number of images that are measured together.</summary>
    int BatchSize { get; }

    /// <summary>Measures consecutive images.</summary>
    /// <param name="first">Index of the first image.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="report">Receives the finished share, 0 to 1.</param>
    /// <param name="cancellationToken">Checked before each call of the denoiser or each run.</param>
    Effects Measure(int first, int count, Action<double> report, CancellationToken cancellationToken);
}

namespace Qua2SeDiMo.Diffusion;

/// <summary>Size of an image.</summary>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
public readonly record struct PixelSize(int Height, int Width);

/// <summary>Upper left corner of a crop inside its picture.</summary>
/// <param name="Top">Pixels from the upper edge.</param>
/// <param name="Left">Pixels from the left edge.</param>
public readonly record struct CropOffset(int Top, int Left);

namespace Qua2SeDiMo;

/// <summary>Where the cause of an error lies, for work that tries many subjects one after another.</summary>
public enum FaultOrigin
{
    /// <summary>In the surroundings: files, disk, permissions, memory, the model folder or the machine. Every other
    /// subject would fail in the same way.</summary>
    Surroundings,

    /// <summary>In the subject itself: it fails again in the same surroundings, while other subjects may
    /// succeed.</summary>
    Subject,
}
